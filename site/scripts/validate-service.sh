#!/bin/bash
# ValidateService: nginx answers with this revision's page; if not, visitors are led back to the release before. Of
# the releases the last ones are kept.
set -euo pipefail

web=${WEB:-/srv/www}
kept=5
url=http://127.0.0.1/
attempts=10
revision=$(cd "$(dirname "$0")/.." && pwd)

fetch() {
  if command -v curl >/dev/null; then
    curl --silent --show-error --fail --location --insecure --max-time 5 "$url"
  else
    wget --quiet --no-check-certificate --timeout=5 --tries=1 --output-document=- "$url"
  fi
}

title() {
  sed -n 's|.*<title>\(.*\)</title>.*|\1|p'
}

go_back() {
  [ -e "$web/previous" ] || return 0
  bash "$revision/scripts/switch-release.sh" "$(readlink "$web/previous")"
  echo "$web/current leads to $(readlink "$web/current") again" >&2
}

# The oldest first to go; never what is served, nor what was served before.
prune() {
  local path name
  find "$web/releases" -mindepth 1 -maxdepth 1 -printf '%T@ %f\n' | sort -rn | tail -n +$((kept + 1)) | cut -d ' ' -f 2 |
    while read -r name; do
      for path in current previous; do
        [ "$(readlink "$web/$path")" != "releases/$name" ] || continue 2
      done
      rm -rf "${web:?}/releases/$name"
    done
}

expected=$(title <"$revision/index.html")
for attempt in $(seq "$attempts"); do
  if page=$(fetch) && [ -n "$page" ] && [ "$page" = "$(cat "$revision/index.html")" ]; then
    echo "nginx serves \"$expected\" of this revision"
    prune
    exit 0
  fi
  echo "attempt $attempt of $attempts: $url has the title \"$(title <<<"${page:-}")\"" >&2
  [ "$attempt" = "$attempts" ] || sleep 1
done

echo "nginx does not serve \"$expected\" of this revision at $url: does it serve $web/current?" >&2
go_back
exit 1
