#!/bin/bash
# ValidateService: nginx answers with this revision's page.
set -euo pipefail

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

expected=$(title <"$revision/index.html")
for attempt in $(seq "$attempts"); do
  if page=$(fetch) && [ -n "$page" ] && [ "$page" = "$(cat "$revision/index.html")" ]; then
    echo "nginx serves \"$expected\" of this revision"
    exit 0
  fi
  echo "attempt $attempt of $attempts: $url has the title \"$(title <<<"${page:-}")\"" >&2
  [ "$attempt" = "$attempts" ] || sleep 1
done

echo "nginx does not serve \"$expected\" of this revision at $url" >&2
exit 1
