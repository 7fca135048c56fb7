#!/usr/bin/env bash
# Installs what the tests look at pages with: axe-core into .cache, and a browser from the distribution's packages where
# none is. Silent and quick where all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

if ! cmp --silent scripts/axe.txt .cache/axe/installed; then
  rm -rf .cache/axe
  .cache/uv/bin/uv pip install --quiet --no-deps --require-hashes --target .cache/axe --requirements scripts/axe.txt \
    || die "axe-core could not be installed"
  cp scripts/axe.txt .cache/axe/installed
fi

! { command -v chromium && command -v chromedriver; } >/dev/null || exit 0
packages=(chromium chromium-driver fonts-dejavu-core)
[ "$(id -u)" = 0 ] || die "missing: ${packages[*]}; install them (or run this as root), then run this again"
command -v apt-get >/dev/null || die "missing: chromium and chromedriver; install them with this system's package manager"

say "installing from the distribution's packages: ${packages[*]}"
log=$(apt-get update -qq 2>&1 \
  && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" 2>&1) \
  || die "apt-get could not install them: $(tail -n 3 <<<"$log")"
mkdir -p .cache
printf '%s\n' "${packages[@]}" >>.cache/installed-packages
