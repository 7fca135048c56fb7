#!/bin/bash
# ApplicationStop: nginx goes on serving the old pages until the new ones are
# there, so that no visitor meets a closed door. Only its state is reported.
set -euo pipefail

state=$(systemctl is-active nginx || true)
echo "nginx is $state; a static site is replaced while it is served"
