#!/bin/sh
# Runs in the pulled image's tree (chroot), which has all packages, and makes a host of it.
set -eu
. /build/host.sh

user() {
  ! id "$HOST_USER" >/dev/null 2>&1 || userdel --force --remove "$HOST_USER" 2>/dev/null
  groups=$(getent group adm wheel sudo systemd-journal | cut -d: -f1 | paste -sd,)
  host_user "$groups"
}

as_new() {
  rm -rf /etc/resolv.conf /etc/machine-id /var/lib/local-cloud /var/lib/cloud
  rm -f /etc/ssh/ssh_host_* /.dockerenv /run/.containerenv
  # cloud-init makes the keys.
  ln -sf /dev/null /etc/systemd/system/sshd-keygen@.service
  # /etc/resolv.conf names the local cloud.
  ln -sf /dev/null /etc/systemd/system/systemd-resolved.service
  printf '127.0.0.1 localhost\n::1 localhost\n' >/etc/hosts
}

trust() {
  if command -v update-ca-trust >/dev/null; then
    cp /build/authority.pem /etc/pki/ca-trust/source/anchors/local-cloud.pem
    update-ca-trust
  else
    certificates
  fi
}

as_new
user
system_files
trust
units
rm -rf /build
