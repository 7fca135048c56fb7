#!/bin/bash
# BeforeInstall: the document root exists and can be read by nginx, whichever
# package brings nginx, and there is room for the new pages.
set -euo pipefail

document_root=/usr/share/nginx/html
revision=$(cd "$(dirname "$0")/.." && pwd)

install -d -m 0755 /usr/share/nginx "$document_root"

needed=$(du -sk "$revision" | cut -f 1)
free=$(df -Pk "$document_root" | awk 'NR == 2 { print $4 }')
if [ "$free" -lt "$needed" ]; then
  echo "$document_root: $needed KiB are needed and $free KiB are free" >&2
  exit 1
fi
