#!/usr/bin/env bash
# moto 5.2.5: a subnet that was deleted, and all of EC2 that a mock had, stay in memory.
#
# Three mocks, one after the other, each make a subnet in the default VPC and delete it. A good guess: what is deleted,
# or belongs to a mock that has ended, is collected. Seen: the iterator over a subnet's addresses is a method under
# functools.cache, whose keys are the subnets, so that each there ever was stays, and with it the EC2 backend that it
# points to: VPCs, security groups, and over a thousand images.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "moto[ec2]==5.2.5" boto3==1.44.5 botocore==1.44.5
cd "$folder"
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1

venv/bin/python - <<'PYTHON'
import gc
import sys

import boto3
from moto import mock_aws
from moto.ec2.models import EC2Backend
from moto.ec2.models.subnets import Subnet


def living(kind):
    gc.collect()
    return sum(isinstance(each, kind) for each in gc.get_objects())


for _ in range(3):
    with mock_aws():
        ec2 = boto3.client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        there = len(ec2.describe_subnets()["Subnets"])
        made = ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.240.0/20")["Subnet"]["SubnetId"]
        ec2.delete_subnet(SubnetId=made)
subnets, backends = living(Subnet), living(EC2Backend)
print(f"after three mocks of {there} subnets and one that was deleted: {subnets} subnets, {backends} EC2 backends")
sys.exit(not (subnets >= 3 * (there + 1) and backends == 3))
PYTHON
