#!/usr/bin/env bash
# Installs what policies' decisions are compared with, as its lock file has it, where it is not. Silent and quick where
# it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

place=.cache/iam-simulate
locked=tests/local_cloud/iam_simulate/package-lock.json
! cmp -s "$locked" "$place/package-lock.json" || [ ! -e "$place/installed" ] || exit 0

if ! command -v npm >/dev/null; then
  [ "$(id -u)" = 0 ] || die "missing: npm; install it (or run this as root), then run this again"
  command -v apt-get >/dev/null || die "missing: npm; install it with this system's package manager"
  say "installing from the distribution's packages: npm"
  log=$(apt-get update -qq 2>&1 \
    && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends npm 2>&1) \
    || die "apt-get could not install it: $(tail -n 3 <<<"$log")"
  mkdir -p .cache
  echo npm >>.cache/installed-packages
fi

say "installing the locked iam-simulate into $place"
rm -rf "$place"
mkdir -p "$place"
cp tests/local_cloud/iam_simulate/package.json "$locked" "$place"
log=$(npm ci --prefix "$place" --ignore-scripts --no-audit --no-fund 2>&1) \
  || die "npm could not install it: $(tail -n 3 <<<"$log")"
touch "$place/installed"
