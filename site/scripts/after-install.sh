#!/bin/bash
# AfterInstall: what was copied becomes a release, which nobody is led to yet; and nginx is there. Where it is, nothing
# happens to it: it belongs to whoever configured the host.
set -euo pipefail

web=${WEB:-/srv/www}
release=$web/releases/$DEPLOYMENT_ID

if [ ! -d "$release" ]; then
  rm -rf "$web/.release"
  # No hard links: the agent may write into a file that it copied before.
  cp -a --reflink=auto "$web/incoming" "$web/.release"
  touch "$web/.release"
  mv -T "$web/.release" "$release"
fi

if command -v nginx >/dev/null; then
  echo "nginx is installed"
elif command -v dnf >/dev/null; then
  dnf install -y nginx
  sed -i "s|root  */usr/share/nginx/html;|root $web/current;|" /etc/nginx/nginx.conf
elif command -v apt-get >/dev/null; then
  apt-get -o DPkg::Lock::Timeout=120 update
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y nginx
  sed -i "s|root /var/www/html;|root $web/current;|" /etc/nginx/sites-available/default
  # The package has started it, with the folder of the distribution.
  systemctl reload-or-restart nginx
else
  echo "neither dnf nor apt-get is here: nginx cannot be installed" >&2
  exit 1
fi

nginx -t
