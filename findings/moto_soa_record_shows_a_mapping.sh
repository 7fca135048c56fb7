#!/usr/bin/env bash
# moto 5.2.5: the SOA record of a hosted zone has the text of a Python mapping for a value.
#
# CreateHostedZone makes an NS and an SOA record. A good guess, and what Route 53 does: ListResourceRecordSets shows
# the SOA's seven fields, "SERVER MAILBOX SERIAL REFRESH RETRY EXPIRE MINIMUM". Seen: the NS record is right, the
# SOA's one value is "{'Value': 'SERVER MAILBOX ...'}". A tool that reads zone files from it, or a DNS server that
# answers from it, has no serial and no time for negative answers.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "moto[route53]==5.2.5" boto3==1.44.5 botocore==1.44.5
cd "$folder"
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1

venv/bin/python - <<'PYTHON'
import sys

import boto3
from moto import mock_aws

with mock_aws():
    route53 = boto3.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="one")["HostedZone"]["Id"]
    sets = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    values = {each["Type"]: [record["Value"] for record in each["ResourceRecords"]] for each in sets}
    print(f"NS: {len(values['NS'])} names; SOA: {values['SOA']}")
    [soa] = values["SOA"]
    sys.exit(not (soa.startswith("{'Value': '") and all(" " not in name for name in values["NS"])))
PYTHON
