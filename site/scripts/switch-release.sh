#!/bin/bash
# Leads visitors to a release, relative to the web folder, by one rename: switch-release.sh releases/d-ABCDEFGHI
set -euo pipefail

web=${WEB:-/srv/www}

ln -sfn "$1" "$web/.current"
mv -T "$web/.current" "$web/current"
