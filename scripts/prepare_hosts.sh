#!/usr/bin/env bash
# Gets what hosts need, at once: the container engine, and the image that they boot from.
# Silent and quick where both are there.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_engine.sh &
engine=$!
image=
# The local cloud looks itself whether it is the right one, and makes another where it is not.
if ! compgen -G '.cache/images/amazon-linux-2023-*/root' >/dev/null; then
  .venv/bin/python -m local_cloud fetch-images amazon-linux-2023 >/dev/null &
  image=$!
fi
status=0
wait "$engine" || status=$?
[ -z "$image" ] || wait "$image" || status=$?
exit "$status"
