#!/bin/bash
# AfterInstall: nginx is there. Where it is, nothing happens: it belongs to
# whoever configured the host.
set -euo pipefail

document_root=/usr/share/nginx/html

if command -v nginx >/dev/null; then
  echo "nginx is installed"
elif command -v dnf >/dev/null; then
  dnf install -y nginx
elif command -v apt-get >/dev/null; then
  apt-get -o DPkg::Lock::Timeout=120 update
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y nginx
  # Debian and Ubuntu serve another folder at first.
  sed -i "s|root /var/www/html;|root $document_root;|" /etc/nginx/sites-available/default
else
  echo "neither dnf nor apt-get is here: nginx cannot be installed" >&2
  exit 1
fi

nginx -t
