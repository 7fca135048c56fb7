#!/usr/bin/env bash
# The main job, end to end, on this machine: the local cloud, the site in a
# repository, the pipeline provisioned, the site deployed.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
# A profile of the user's is for another cloud, and stops the inventory where its file is out of sight.
unset AWS_PROFILE AWS_DEFAULT_PROFILE

say() { printf 'demo: %s\n' "$*" >&2; }

trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
# The first host waits for it.
scripts/prepare_hosts.sh --image &
say "starting the local cloud"
python -m local_cloud start --image-later
say "publishing site/ to the GitHub stand-in"
python -m local_cloud publish site OWNER/codedeploy.nginx.001
say "running playbooks/site.yml"
ansible-playbook playbooks/site.yml || { python -m local_cloud status >&2; exit 1; }

python - <<'PYTHON'
import json
import pathlib

live = json.loads(pathlib.Path("build/deployment.json").read_text())
status = json.loads(pathlib.Path(".local_cloud/status.json").read_text())
application, group = live["application"], live["deployment_group"]
host = live["site"].removeprefix("http://").rstrip("/")
# Nobody's resolver knows the record, and nobody trusts the authority.
trust = f"--cacert {pathlib.Path(status['acme']['authorities']).relative_to(pathlib.Path.cwd())}"
curl = f"curl {trust} --resolve {live['record']}:443:{host} {live['url']}"
print(f"""
site: {live["url"]}
address: {host}
authority: {status["acme"]["authorities"]} (trusted by nobody but whom you give it to)
deployment: {live["deployment"]}
endpoint: {status["endpoint"]}

Next:
  {curl}
  source .local_cloud/environment && .venv/bin/aws deploy list-deployment-targets --deployment-id {live["deployment"]}
  make down""")
PYTHON
