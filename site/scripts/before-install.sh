#!/bin/bash
# BeforeInstall: the last event in which the old page is still there. Install removes the earlier revision's
# files before it copies these, so whatever can't be served is refused here. Then room is made.
set -euo pipefail

document_root=/usr/share/nginx/html
revision=$(cd "$(dirname "$0")/.." && pwd)

refuse() {
  echo "$*: this revision is not installed, what was served before is still there" >&2
  exit 1
}

# What appspec.yml copies, one path a line.
sources() {
  sed -nE 's/^[ -]*source:[[:space:]]*//p' appspec.yml | sed -E "s/[[:space:]]+#.*//; s/[\"'[:cntrl:]]//g; s|^/||; s|^$|.|"
}

# Files of the site that the page names in its tags, one a line. Comments are left out, and so is what needs a
# browser to be understood: encoded names, a <base>.
references() {
  local tags
  tags=$(tr '\n' ' ' <index.html | sed -e 's/<!--/\n&/g' -e 's/-->/&\n/g' | sed '/^<!--/d' |
    grep -oiE '<(base|img|link|script|source)[[:space:]][^>]*') || return 0
  grep -qi '^<base' <<<"$tags" || grep -oiE '[[:space:]](src|href)="[^"]+"' <<<"$tags" | cut -d '"' -f 2 |
    sed -E '/^[a-z][a-z0-9+.-]*:|^[/]{2}|[%&]/Id; s/[?#].*//; s|^/||; s|^\./||; /^$/d; /\/$/d' || true
}

cd "$revision"
[ -e index.html ] || [ -L index.html ] || refuse "index.html is missing"
[ -f index.html ] || refuse "index.html is neither a file nor a link to one"
grep -q '[^[:space:]]' index.html || refuse "index.html is empty"

mapfile -t public < <(sources)
for source in "${public[@]}"; do
  [ -e "$source" ] || refuse "$source, a source in appspec.yml, is missing"
  odd=$(find -L "$source" ! -type f ! -type d -print -quit)
  [ -z "$odd" ] || refuse "$odd is neither a file nor a folder, nor a link to one"
done

while read -r reference; do
  [ -e "$reference" ] || refuse "index.html needs $reference, which is missing"
  for source in "${public[@]}"; do
    case ./$reference in "./$source" | "./$source"/* | "$source"/*) continue 2 ;; esac
  done
  refuse "index.html needs $reference, which no source in appspec.yml publishes"
done < <(references)

if command -v nginx >/dev/null; then
  nginx -t -q || refuse "nginx does not take its configuration"
fi

install -d -m 0755 /usr/share/nginx "$document_root"

needed=$(du -sk "$revision" | cut -f 1)
free=$(df -Pk "$document_root" | awk 'NR == 2 { print $4 }')
[ "$free" -ge "$needed" ] || refuse "$document_root: $needed KiB are needed and $free KiB are free"
