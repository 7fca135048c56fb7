#!/usr/bin/env bash
# pytest-xdist 3.8.0 under pytest 9.2.0: tests of one xdist_group run in different workers.
#
# `--dist loadgroup` runs tests that have the same xdist_group mark in one worker, in their order. xdist tells
# the groups apart by a suffix that each worker puts at the end of a test's id. A good guess: as under pytest 9.1.0,
# ids end in @GROUP and a group stays together. Seen under 9.2.0: ids have no suffix, and the tests of a group are
# dealt out one by one. No warning is given, and the mark is still known, so that tests which go on where the one before
# ended fail now and then.
#
# Exits with 1 when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >test_groups.py <<'PYTHON'
import pytest


@pytest.mark.xdist_group("one")
class TestOne:
    def test_first(self):
        pass

    def test_second(self):
        pass


@pytest.mark.xdist_group("two")
class TestTwo:
    def test_first(self):
        pass

    def test_second(self):
        pass
PYTHON
grouped() {
  python3 -m venv "venv-$1"
  "venv-$1/bin/pip" install -q --disable-pip-version-check "pytest==$1" pytest-xdist==3.8.0
  "venv-$1/bin/python" -m pytest -v -n 2 --dist loadgroup -p no:cacheprovider test_groups.py >"said-$1"
  grep -c 'PASSED.*@' "said-$1" || true
}
before=$(grouped 9.1.0)
now=$(grouped 9.2.0)
echo "ids that end in their group: $before of 4 under pytest 9.1.0, $now of 4 under 9.2.0"
[ "$before" = 4 ] && [ "$now" = 0 ]
