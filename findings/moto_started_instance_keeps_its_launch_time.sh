#!/usr/bin/env bash
# moto 5.2.5: an instance that was stopped and is started again keeps the launch time of the first start.
#
# EC2's API reference calls LaunchTime "the time that the instance was last launched", and starting a stopped instance
# launches it, on other hardware as a rule. A good guess: DescribeInstances shows a later time after StartInstances.
# Seen: the time of RunInstances. Code that tells from it whether a host may still be booting, or
# how long it has run, is right against moto and wrong on EC2.
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
import sys
import time

import boto3
from moto import mock_aws

with mock_aws():
    ec2 = boto3.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    started = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    ids = [started["InstanceId"]]

    def launched():
        [reservation] = ec2.describe_instances(InstanceIds=ids)["Reservations"]
        return reservation["Instances"][0]["LaunchTime"]

    first = launched()
    ec2.stop_instances(InstanceIds=ids)
    time.sleep(1.1)
    ec2.start_instances(InstanceIds=ids)
    second = launched()
    print(f"launched {first}, and after a stop and a start {second}")
    sys.exit(second != first)
PYTHON
