#!/usr/bin/env bash
# The other dependency line (Python 3.12 or newer, ansible-core 2.21, amazon.aws 11):
# the same checks and the pipeline scenario, in an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
  local candidate
  for candidate in python3.14 python3.13 python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

python=$(find_python)
if [ -z "$python" ]; then
  echo "second line: no Python 3.12 or newer is installed here: install one, or leave this line to CI" >&2
  exit 1
fi
export VENV=.cache/venv-second-line
PYTHON=$python scripts/bootstrap.sh
export PATH="$PWD/$VENV/bin:$PATH"
ansible --version | head -n 1
pytest -q tests/unit tests/roles tests/site tests/pipeline_role
pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not long" tests/playbooks tests/warm tests/integration
# All of it: whoever takes the collection chooses Ansible, not we.
pytest -q tests/collection
molecule test --scenario-name pipeline
