#!/usr/bin/env bash
# Ends what `make demo` and `make test` started. What is cached stays in .cache.
set -euo pipefail
cd "$(dirname "$0")/.."

# Ansible keeps SSH connections open between plays.
shopt -s nullglob
for socket in .cache/ansible/cp/*; do
  [ ! -S "$socket" ] || ssh -o ControlPath="$socket" -O exit host 2>/dev/null || rm -f "$socket"
done

if [ -x .venv/bin/python ]; then
  .venv/bin/python -m local_cloud stop
fi

if [ -s .cache/installed-packages ]; then
  echo "Installed from the distribution's packages and left in place: $(sort -u .cache/installed-packages | tr '\n' ' ')"
fi
