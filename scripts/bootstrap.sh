#!/usr/bin/env bash
# Puts the locked Python environment into .venv: uv at its pinned version and
# hash, then requirements.lock. Silent and quick when nothing changed.
# PYTHON=python3.12 VENV=.cache/venv-3.12 choose another interpreter and place.
set -euo pipefail
cd "$(dirname "$0")/.."

# The environment is never made from an earlier one's own interpreter.
PATH=${PATH//"$PWD/.venv/bin:"/}
python=${PYTHON:-python3}
venv=${VENV:-.venv}
uv=.cache/uv/bin/uv

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

command -v "$python" >/dev/null || die "$python is not installed: install Python 3.11 or newer"
version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || die "$python is version $version: Python 3.11 or newer is needed, name one with PYTHON=..."

# Where the inventories put SSH's control sockets; ssh does not make the folder.
mkdir -p .cache/ansible/cp
# The checkout is a collection too: documentation names its modules in full.
collections=.cache/ansible/collections/ansible_collections/codedeploy
mkdir -p "$collections"
ln -sfn ../../../../.. "$collections/pipeline"

stamp="$version $(cat requirements.lock local_cloud/pyproject.toml | sha256sum)"
[ "$(cat "$venv/.locked" 2>/dev/null || true)" != "$stamp" ] || exit 0

free=$(df --output=avail -k . | tail -n 1)
[ "$free" -gt 3000000 ] || die "$((free / 1024)) MiB are free here, 3000 are needed: make room on this disk"

install_venv_package() {
  local package
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "Python's venv is missing: install the package $package (as root), then run this again"
  fi
  say "installing $package from the distribution's packages"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$package" >/dev/null
  echo "$package" >>.cache/installed-packages
}

if ! [ "$("$uv" --version 2>/dev/null | cut -d' ' -f2)" = "$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' scripts/uv.txt)" ]; then
  say "installing uv"
  pip=("$python" -m pip)
  rm -rf .cache/uv .cache/pip
  if ! "$python" -c 'import pip' 2>/dev/null; then
    # An environment brings one, which is all that it is for.
    "$python" -c 'import ensurepip' 2>/dev/null || install_venv_package
    "$python" -m venv .cache/pip
    pip=(.cache/pip/bin/python -m pip)
  fi
  # Into a folder of ours, whatever the user's own settings keep pip from elsewhere.
  PIP_REQUIRE_VIRTUALENV=false PIP_USER=false PIP_ROOT_USER_ACTION=ignore \
    "${pip[@]}" install --quiet --disable-pip-version-check --no-cache-dir --target .cache/uv \
    --require-hashes --requirement scripts/uv.txt
  rm -rf .cache/pip
fi

say "installing the locked environment into $venv (Python $version)"
# The system's certificates: companies that inspect TLS have their own authority there.
export UV_CACHE_DIR=.cache/uv-cache UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1
rm -rf "$venv"
"$uv" venv --quiet --no-project --python "$(command -v "$python")" "$venv"
"$uv" pip sync --quiet --require-hashes --python "$venv" requirements.lock
# Its command; what builds it is locked too, and nothing is fetched.
"$uv" pip install --quiet --offline --no-deps --no-build-isolation --python "$venv" --editable local_cloud
# uv installs no bytecode, and where none may be written each module would compile its imports anew. Left out are
# modules, which are sent as source; and what the local cloud needs: its first start compiles that.
packages=("$venv"/lib/python*/site-packages)
"$venv/bin/python" -m compileall -q -j 0 -x 'site-packages/.*/modules/' \
  "${packages[0]}"/{ansible,ansible_collections/amazon,boto3,botocore,dateutil,jinja2,jmespath,s3transfer,urllib3,yaml}
printf '%s' "$stamp" >"$venv/.locked"
