#!/usr/bin/env bash
# The roles swap and nginx on the machine that this runs on, as root: a dry run, twice for real, and a request.
# For machines that are thrown away afterwards, such as CI's.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH"

mkdir -p build
hosts=$(mktemp)
trap 'rm -f "$hosts"' EXIT
cat >"$hosts" <<END
application_molecule:
  hosts:
    this_machine:
      ansible_connection: local
      ansible_python_interpreter: /usr/bin/python3
END

for role in swap nginx; do
  play=(ansible-playbook --inventory "$hosts" "molecule/$role/converge.yml")
  "${play[@]}" --check --diff
  "${play[@]}"
  "${play[@]}" | tee build/second-run.txt
  grep -q 'changed=0 ' build/second-run.txt || { echo "$role: the second run changed something" >&2; exit 1; }
done

curl --silent --head http://localhost/ | grep -i '^x-content-type-options: nosniff'
[[ $(curl --silent --output /dev/null --write-out '%{http_code}' http://localhost/.git/config) = 404 ]]
