#!/usr/bin/env bash
# moto 5.2.5 as a server: the second request of an account makes its IAM in all of AWS's partitions.
#
# A client of us-east-1 asks twice who it is. A good guess: IAM is made in the partition aws, for the account that
# asks. Seen: whose an access key is is found out by looking into the account's IAM of each partition, and to look is
# to make: China's, GovCloud's and the isolated ones, with users, roles and, where MOTO_IAM_LOAD_MANAGED_POLICIES is
# set, over a thousand managed policies each. A reset forgets them, and the next requests make them anew.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "moto[iam,server]==5.2.5" boto3==1.44.5 botocore==1.44.5
cd "$folder"
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
export MOTO_IAM_LOAD_MANAGED_POLICIES=true no_proxy=127.0.0.1

venv/bin/python - <<'PYTHON'
import sys

import boto3
from moto.iam.models import iam_backends
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
_, port = server.get_host_and_port()
sts = boto3.client("sts", endpoint_url=f"http://127.0.0.1:{port}")
made = []
for _ in range(2):
    account = sts.get_caller_identity()["Account"]
    made.append({name: len(iam.managed_policies) for name, iam in iam_backends[account].items()})
server.stop()
for number, partitions in enumerate(made, 1):
    print(f"IAM after request {number}, with its managed policies: {partitions}")
sys.exit(not (list(made[0]) == ["aws"] and len(made[1]) > 4 and min(made[1].values()) > 1000))
PYTHON
