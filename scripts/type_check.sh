#!/usr/bin/env bash
# mypy over all Python of the project.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

checked=()
# The site's scripts are imported by their bare names.
export MYPYPATH=site/.github/scripts:site/.github/actions/follow_deployment
for path in plugins roles callback_plugins connection_plugins inventory_plugins warm_interpreter local_cloud scripts site/.github/scripts site/.github/actions tests; do
  if [[ -n $(find -L "$path" -name '*.py' -print -quit 2>/dev/null) ]]; then
    checked+=("$path")
  fi
done
exec mypy "${checked[@]}" "$@"
