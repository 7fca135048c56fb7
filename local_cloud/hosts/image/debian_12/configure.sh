#!/bin/sh
# Runs in the tree that has the essential packages' files (chroot) and installs
# Debian in it by its own package manager, which keeps its database: what is here
# is Debian, but for its kernel and for what a host of the local cloud brings.
set -eu
. /build/host.sh

packages() {
  export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
  # Nothing is to be started here.
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 0755 /usr/sbin/policy-rc.d
  mkdir -p /var/lib/dpkg
  : >/var/lib/dpkg/status
  ln -sf mawk /usr/bin/awk
  quiet dpkg --force-unsafe-io --force-depends --install /build/essential/*.deb
  # apt knows the order.
  quiet apt-get -o Dpkg::Options::=--force-unsafe-io --no-install-recommends --yes install /build/base/*.deb
  rm /usr/sbin/policy-rc.d
}

quiet() {
  if ! "$@" >/build/log 2>&1; then
    tail -n 20 /build/log >&2
    return 1
  fi
}

debians_files() {
  rm -f /etc/ssh/ssh_host_*
  # An image's lists of packages are empty: a host updates them first.
  rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/dpkg.log /var/log/apt /var/log/alternatives.log
}

warm_up() {
  # Compiled Python: what the first task on a host would wait for.
  python3 -c 'import apt, argparse, glob, grp, http.client, platform, pty, shlex, shutil, ssl, syslog, tarfile
import tempfile, urllib.request, yaml, zipfile, selectors, ctypes, uuid, getpass'
}

packages
host_user adm,audio,cdrom,dialout,dip,floppy,plugdev,sudo,video
debians_files
system_files
certificates
units
warm_up
rm -rf /build
