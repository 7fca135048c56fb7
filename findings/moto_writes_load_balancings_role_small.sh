#!/usr/bin/env bash
# moto 5.2.5: the service-linked role of Elastic Load Balancing has another name than on AWS.
#
# CreateServiceLinkedRole is asked for elasticloadbalancing.amazonaws.com. A good guess, since moto answers for
# autoscaling.amazonaws.com with AWSServiceRoleForAutoScaling: AWSServiceRoleForElasticLoadBalancing, as AWS documents.
# Seen: AWSServiceRoleForelasticloadbalancing. moto knows the names of three services' roles, and takes the service's
# own for all others. A policy on the documented ARN does not fit, and who looks for the role by its name makes it again.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "moto[iam]==5.2.5" boto3==1.44.5 botocore==1.44.5
cd "$folder"
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1

venv/bin/python - <<'PYTHON'
import sys

import boto3
from moto import mock_aws

with mock_aws():
    iam = boto3.client("iam")
    names = [
        iam.create_service_linked_role(AWSServiceName=f"{service}.amazonaws.com")["Role"]["RoleName"]
        for service in ("autoscaling", "elasticloadbalancing")
    ]
    print(names)
    sys.exit(names != ["AWSServiceRoleForAutoScaling", "AWSServiceRoleForelasticloadbalancing"])
PYTHON
