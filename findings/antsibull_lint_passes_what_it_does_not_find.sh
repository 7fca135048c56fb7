#!/usr/bin/env bash
# antsibull-docs 2.28.0: a collection whose plugins/modules is a link has no module to lint, and passes.
#
# A collection keeps its modules in library/, and plugins/modules is a link to it, which Ansible follows: ansible-doc
# shows the module. Its documentation names an option that it has not. A good guess: lint-collection-docs --plugin-docs
# complains of that, or says that it found no plugin. Seen: it is silent and exits with 0. With the same file in a
# folder plugins/modules it complains and exits with 3.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check antsibull-docs==2.28.0 ansible-core==2.19.14
cd "$folder"
export ANSIBLE_HOME=$folder ANSIBLE_COLLECTIONS_PATH=$folder PATH=$folder/venv/bin:$PATH

collection=ansible_collections/some/thing
mkdir -p "$collection/library" "$collection/plugins" "$collection/meta"
ln -s ../library "$collection/plugins/modules"
echo 'requires_ansible: ">=2.19.0"' >"$collection/meta/runtime.yml"
printf 'namespace: some\nname: thing\nversion: 1.0.0\nreadme: README.md\nauthors: [a]\n' >"$collection/galaxy.yml"
echo '# some.thing' >"$collection/README.md"
cat >"$collection/library/greet.py" <<'PYTHON'
#!/usr/bin/python
DOCUMENTATION = """
module: greet
short_description: Greets as O(nobody) does
description: [Greets.]
author: [A User (@user)]
options: {}
"""
EXAMPLES = RETURN = ""
PYTHON
ansible-doc some.thing.greet | grep -q Greets

lint() {
  (cd "$collection" && antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .) >log 2>&1
}
lint
if [ -s log ]; then cat log; exit 1; fi
echo "with a link: nothing to complain of"

rm "$collection/plugins/modules"
mv "$collection/library" "$collection/plugins/modules"
if lint; then exit 1; fi
cat log
grep -q 'O(nobody)' log
