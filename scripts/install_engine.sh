#!/usr/bin/env bash
# Installs what the hosts of the local cloud need, from the distribution's
# packages, where it is missing: a container engine, its network tools, an SSH
# client. Silent and quick where all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null; }

# crun refuses control groups of version 1 and 2 side by side.
has_podman() {
  has podman && { [ -e /sys/fs/cgroup/cgroup.controllers ] || has runc; }
}

# A docker client without a daemon is no engine.
has_docker() {
  has docker && timeout 5 docker info >/dev/null 2>&1
}

missing=()
has_podman || has_docker || missing+=(podman runc netavark)
has ip || missing+=(iproute2)
has nft || missing+=(nftables)
has ssh || missing+=(openssh-client)
has git || missing+=(git)
# The authority that hosts get certificates from.
has pebble || missing+=(pebble)
# What load balancers are.
has haproxy || missing+=(haproxy)
[ ${#missing[@]} -gt 0 ] || exit 0

[ "$(id -u)" = 0 ] || die "missing: ${missing[*]}; install them (or run this as root), then run this again"
has apt-get || die "missing: ${missing[*]}; install them with this system's package manager, then run this again"

say "installing from the distribution's packages: ${missing[*]}"
installed() { dpkg-query --show --showformat='${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p' | sort; }
before=$(installed)
log=$(apt-get update -qq 2>&1 \
  && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" 2>&1) \
  || die "apt-get could not install them: $(tail -n 3 <<<"$log")"
mkdir -p .cache
# Its own service serves nobody here.
if [[ " ${missing[*]} " == *" haproxy "* ]] && [ -d /run/systemd/system ]; then
  systemctl disable --quiet --now haproxy
fi
comm -13 <(printf '%s\n' "$before") <(installed) >>.cache/installed-packages
