#!/usr/bin/env bash
# moto 5.2.5: an instance goes on to show the instance profile that was replaced.
#
# ReplaceIamInstanceProfileAssociation gives an instance another profile. A good guess, and what EC2 does:
# DescribeInstances and DescribeIamInstanceProfileAssociations name the same, new one, and the association has a new
# id. Seen: the associations name the new profile under the old id, DescribeInstances the old profile. A tool that
# looks at the instance replaces it on every run, and a clean-up believes that the old role is in use.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "moto[ec2,iam]==5.2.5" boto3==1.44.5 botocore==1.44.5
cd "$folder"
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1

venv/bin/python - <<'PYTHON'
import json
import sys

import boto3
from moto import mock_aws

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
with mock_aws():
    iam, ec2 = boto3.client("iam"), boto3.client("ec2")
    for name in ("former", "latter"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    started = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "former"}
    )
    instance = started["Instances"][0]["InstanceId"]

    def seen():
        [association] = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
        [reservation] = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        shown = reservation["Instances"][0]["IamInstanceProfile"]["Arn"].rpartition("/")[2]
        return association["AssociationId"], association["IamInstanceProfile"]["Arn"].rpartition("/")[2], shown

    before, *_ = seen()
    ec2.replace_iam_instance_profile_association(AssociationId=before, IamInstanceProfile={"Name": "latter"})
    after, associated, shown = seen()
    print(f"the association says {associated}, the instance {shown}; the association's id {'stays' if after == before else 'changes'}")
    sys.exit((associated, shown, after) != ("latter", "former", before))
PYTHON
