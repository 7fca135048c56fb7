#!/usr/bin/env bash
# Lints the documentation of the collection as its users have it: packed, installed and looked at by antsibull-docs, in an
# environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.cache/antsibull
if ! cmp --silent scripts/antsibull.txt "$venv/installed"; then
  .cache/uv/bin/uv venv --quiet --clear --no-project --python .venv/bin/python "$venv"
  .cache/uv/bin/uv pip install --quiet --require-hashes --python "$venv" --requirements scripts/antsibull.txt
  cp scripts/antsibull.txt "$venv/installed"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
.venv/bin/python - "$scratch" <<'PYTHON'
import shutil
import sys
from pathlib import Path

from scripts import collection
import ansible_collections.amazon.aws

root = Path(sys.argv[1])
collection.install(collection.build(root / "built"), root)
# Its documentation has fragments of amazon.aws, which is looked for beside it alone.
[amazon] = ansible_collections.amazon.aws.__path__
shutil.copytree(amazon, root / "ansible_collections" / "amazon" / "aws")
PYTHON
export PATH="$PWD/.venv/bin:$PATH" ANSIBLE_COLLECTIONS_PATH="$scratch" ANSIBLE_CONFIG="$scratch/ansible.cfg"
antsibull="$PWD/$venv/bin/antsibull-docs"
cd "$scratch/ansible_collections/codedeploy/pipeline"
"$antsibull" lint-collection-docs --plugin-docs --skip-rstcheck --validate-collection-refs=dependent .
echo "the collection's documentation: nothing found"
