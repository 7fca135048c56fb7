#!/bin/bash
# BeforeInstall: whatever can't be served is refused, before anything is copied. Then room is made, and what is served
# becomes a release if it is none: Install deletes the files of an earlier revision, wherever that one put them.
set -euo pipefail

web=${WEB:-/srv/www}
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

install -d -m 0755 "$web" "$web/releases"

needed=$(du -sk "$revision" | cut -f 1)
free=$(df -Pk "$web" | awk 'NR == 2 { print $4 }')
# Once as it comes, once as a release.
[ "$free" -ge $((2 * needed)) ] || refuse "$web: $((2 * needed)) KiB are needed and $free KiB are free"

live=$(readlink -f "$web/current" || true)
if [ -f "$live/index.html" ] && [ "$(dirname "$live")" != "$(readlink -f "$web/releases")" ]; then
  earlier=releases/before-$DEPLOYMENT_ID
  rm -rf "${web:?}/$earlier"
  if [ -L "$web/current" ]; then
    # Links may lead out of the folder by relative paths; one to nowhere is no reason to stop.
    cp -RL --preserve=all "$live" "$web/$earlier" || true
    [ ! -f "$web/$earlier/index.html" ] || bash scripts/switch-release.sh "$earlier"
  else
    # A folder can't be replaced by a link in one step.
    mv -T "$web/current" "$web/$earlier"
    bash scripts/switch-release.sh "$earlier"
  fi
fi
# An empty one is in the way of the link.
[ -L "$web/current" ] || [ ! -d "$web/current" ] || rmdir "$web/current"
