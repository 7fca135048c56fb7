#!/usr/bin/env bash
# mypy over all Python of the project. Ansible gives module_utils/*, the roles' too, the names
# ansible.module_utils.*; links in build/types show mypy the same.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

links=build/types/ansible/module_utils
mkdir -p "$links"
find "$links" -type l -delete
for path in module_utils/[a-z]* roles/*/module_utils/[a-z]*; do
  ln -s "../../../../$path" "$links/"
done

# Modules, the roles' too, scripts, the site's too, and the helpers of tests are imported by their bare names.
bare=(library roles/*/library scripts tests/local_cloud tests/actions site/.github/scripts)
MYPYPATH=$(IFS=:; echo "${bare[*]}")
export MYPYPATH

checked=()
for path in library roles/*/library action_plugins callback_plugins doc_fragments inventory_plugins local_cloud scripts site/.github/scripts tests; do
  if [[ -n $(find "$path" -name '*.py' -print -quit 2>/dev/null) ]]; then
    checked+=("$path")
  fi
done
exec mypy build/types "${checked[@]}" "$@"
