# shellcheck shell=sh
# Runs in a container of the pulled image, on this machine's network: what a host needs and a container does not.
set -eu

is_complete() {
  [ -x /usr/lib/systemd/systemd ] || return 1
  for program in curl ip python3 sshd ssh-keygen sudo useradd; do
    PATH=/usr/sbin:/usr/bin command -v "$program" >/dev/null || return 1
  done
}

if is_complete; then
  exit 0
elif command -v dnf >/dev/null; then
  dnf --assumeyes --quiet --setopt=install_weak_deps=False install acl ca-certificates dbus findutils gzip hostname \
    iproute openssh-clients openssh-server openssl procps-ng python3 python3-pyyaml shadow-utils sudo systemd tar \
    unzip util-linux which
  dnf --quiet clean all
elif command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  apt-get -qq --no-install-recommends --yes install acl ca-certificates curl dbus iproute2 libnss-myhostname \
    openssh-server openssl procps python3 python3-apt python3-yaml sudo systemd systemd-sysv unzip
  rm -rf /var/lib/apt/lists/*
fi
if ! is_complete; then
  echo 'it has no systemd, sshd, sudo and python3, and neither dnf nor apt-get to install them' >&2
  exit 1
fi
