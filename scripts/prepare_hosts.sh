#!/usr/bin/env bash
# Gets the environment and what hosts need, at once: the image that they boot from, the container engine.
# Silent and quick where all is there.
# Usage: scripts/prepare_hosts.sh [--packages | --image]
#   --packages  all but the image, of which its packages alone
#   --image     the image alone, when all else is there
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
# The local cloud looks itself whether it is the right one, and makes another where it is not.
image_is_there() { compgen -G '.cache/images/amazon-linux-2023-*/root' >/dev/null; }
make_image=(.venv/bin/python -m local_cloud fetch-images amazon-linux-2023)

if [ "${1:-}" = --image ]; then
  # In this script's place: who ends it ends that.
  image_is_there || exec "${make_image[@]}" >/dev/null
  exit
fi

# What has been started ends with this script, however it ends.
trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
packages=
if ! image_is_there; then
  say "downloading the packages of the hosts' image meanwhile (about 100 MB)"
  "${PYTHON:-python3}" -m local_cloud.hosts.image >/dev/null 2>&1 &
  packages=$!
fi
scripts/bootstrap.sh
scripts/install_engine.sh &
engine=$!
got=true
[ -z "$packages" ] || wait "$packages" || got=false
status=0
# What keeps packages from being got is said by whoever makes the image of them.
if ! "$got" || { [ "${1:-}" != --packages ] && ! image_is_there; }; then
  "${make_image[@]}" >/dev/null || status=$?
fi
wait "$engine" || status=$?
exit "$status"
