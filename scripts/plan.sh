#!/usr/bin/env bash
# A dry run of site.yml whose exit status tells a scheduled job of drift: 0 where there is nothing to do, 2 where there
# is something, 1 where the dry run failed. What, is in build/plan.md and build/plan.json.
# Usage: scripts/plan.sh [-i inventory/aws] [other options of ansible-playbook]
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

plan=${PIPELINE_PLAN_FOLDER:-build}/plan.json
rm -f "$plan"
ansible-playbook playbooks/site.yml --check --diff "$@" || exit 1
python - "$plan" <<'PYTHON'
import json
import sys

plan = json.load(open(sys.argv[1], encoding="utf-8"))
sys.exit(2 if plan["create"] + plan["change"] + plan["delete"] else 0)
PYTHON
