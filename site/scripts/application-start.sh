#!/bin/bash
# ApplicationStart: visitors are led to this deployment's release, by one rename, and nginx runs, also after the next
# boot. Where it runs it is left alone: a reload closes connections, and there is nothing for it to read anew.
set -euo pipefail

web=${WEB:-/srv/www}
release=releases/$DEPLOYMENT_ID

# Where validate-service.sh goes back to.
live=$(readlink "$web/current" || true)
if [ -n "$live" ] && [ "$live" != "$release" ]; then
  ln -sfn "$live" "$web/previous"
fi

# By bash: archives can lose modes, and the agent mends those of hooks alone.
bash "$(dirname "$0")/switch-release.sh" "$release"
echo "$web/current leads to $release${live:+, before to $live}"

systemctl enable --quiet nginx
systemctl is-active --quiet nginx || systemctl start nginx
