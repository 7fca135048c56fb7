#!/bin/sh
# Runs in the unpacked tree (chroot) and makes a host of it: what the packages'
# own scripts would have done as far as a host needs it, Amazon's names and
# layout, and a package repository that dnf can install from.
set -eu
. /build/host.sh

build_packages() {
  # Each in folders of its own: of two that make the same one at once, one fails.
  rpm_build() {
    topdir=/build/rpm/$1
    shift
    rpmbuild -bb --quiet --define "_topdir $topdir" --define '_rpmdir /usr/share/local-cloud/repository' \
      --define '_tmppath /build/tmp' --define '__os_install_post %{nil}' --define 'debug_package %{nil}' \
      --define '_build_id_links none' --define '_binary_payload w.ufdio' --define '_builddir /build' \
      --define '_sources /build/packages' --define '_unpacked /build/unpacked' "$@"
  }
  # rpmbuild looks at each file what it is, which takes longer than all else and is of use for nothing here.
  echo '0 string NEVER never' >/build/magic
  export MAGIC=/build/magic
  mkdir -p /build/tmp /build/rpm "/usr/share/local-cloud/repository/$(rpm --eval '%{_target_cpu}')"
  rpm --initdb
  rpm_build nginx --define "_nginx_version $NGINX_VERSION" /build/packages/nginx.spec &
  nginx=$!
  rpm_build installed --define '_rpmdir /build/installed' /build/installed.spec &
  installed=$!
  rpm_build repository /build/repository.spec
  wait "$nginx"
  wait "$installed"
  rpm --install --justdb --nodeps --nosignature --nodigest /build/installed/*/*.rpm
  createrepo_c --quiet --simple-md-filenames --compress-type gz /usr/share/local-cloud/repository
}

users() {
  cp /usr/share/base-passwd/passwd.master /etc/passwd
  cp /usr/share/base-passwd/group.master /etc/group
  sed 's/^\([^:]*\):.*/\1:*:19000:0:99999:7:::/' /etc/passwd >/etc/shadow
  sed 's/^\([^:]*\):.*/\1:*::/' /etc/group >/etc/gshadow
  chown root:shadow /etc/shadow /etc/gshadow
  chmod 0640 /etc/shadow /etc/gshadow
  chmod 0700 /root
  groupadd -r wheel
  groupadd -r systemd-journal
  useradd -r -M -d /nonexistent -s /usr/sbin/nologin messagebus
  useradd -r -M -d /run/sshd -s /usr/sbin/nologin sshd
  host_user adm,wheel,systemd-journal
}

amazons_files() {
  cp /usr/share/base-files/profile /etc/profile
  cp /usr/share/openssh/sshd_config /etc/ssh/sshd_config
  cp /usr/share/base-files/dot.bashrc /root/.bashrc
  ln -sf ../usr/lib/os-release /etc/os-release
  rmdir /var/run /var/lock
  ln -s ../run /var/run
  ln -s ../run/lock /var/lock
  for name in system-release amazon-linux-release; do ln -sf ../usr/lib/system-release "/etc/$name"; done
  rm -f /etc/debian_version /etc/issue /etc/issue.net
  ln -sf bash /usr/bin/sh
  ln -sf mawk /usr/bin/awk
  ln -sf which.debianutils /usr/bin/which
  ln -sf dnf-3 /usr/bin/dnf
  ln -sf dnf-3 /usr/bin/yum
  ldconfig
}

amazons_certificates() {
  mkdir -p /etc/pki/tls/certs /etc/pki/ca-trust/source/anchors /etc/pki/ca-trust/extracted/pem
  ln -sf /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt
  ln -sf /etc/ssl/certs/ca-certificates.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
  ln -sf /etc/pki/tls/certs/ca-bundle.crt /etc/pki/tls/cert.pem
}

amazons_sshd() {
  system=/usr/lib/systemd/system
  sed 's/^Alias=.*//; s/^EnvironmentFile=.*//' "$system/ssh.service" >"$system/sshd.service"
  rm -f "$system/ssh.service" "$system/ssh.socket" "$system"/rescue-ssh.target
}

warm_up() {
  # Compiled Python and dnf's own cache: what the first task on a host would wait for.
  dnf --quiet makecache
  dnf --quiet info nginx >/dev/null
  python3 -c 'import argparse, dnf.cli, dnf.exceptions, dnf.transaction, glob, grp, http.client, platform, pty
import shlex, shutil, ssl, syslog, tarfile, tempfile, urllib.request, yaml, zipfile, selectors, ctypes, uuid, getpass'
}

remove_the_distribution() {
  rm -rf /usr/bin/dpkg* /usr/sbin/dpkg* /usr/lib/dpkg /var/lib/dpkg /etc/dpkg /usr/share/dpkg /etc/apt /var/lib/apt
  rm -rf /usr/share/bug /usr/share/lintian /usr/share/base-passwd /usr/share/base-files /etc/init.d /etc/rc?.d
  rm -rf /var/cache/debconf /usr/share/debconf /usr/share/man /usr/share/doc /usr/share/locale /build
}

users
amazons_files
system_files
certificates
amazons_certificates
amazons_sshd
units
build_packages
warm_up
remove_the_distribution
