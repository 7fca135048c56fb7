# shellcheck shell=sh
# What a host of any distribution needs besides its packages. Read by configure.sh of each.
# GATEWAY is the address of the resolver, HOST_USER who logs in; /build holds what is only needed here.

host_user() { # GROUPS
  useradd -m -u 1000 -s /bin/bash -c 'EC2 Default User' -G "$1" "$HOST_USER"
  printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$HOST_USER" >/etc/sudoers.d/90-cloud-init-users
  chmod 0440 /etc/sudoers.d/90-cloud-init-users
  printf '%s\n' "$HOST_USER" >/usr/libexec/local-cloud/user
}

system_files() {
  printf 'nameserver %s\nsearch ec2.internal\n' "$GATEWAY" >/etc/resolv.conf
  : >/etc/machine-id
  : >/etc/fstab
  : >/var/log/lastlog
  : >/var/log/wtmp
  # The pipes by which the local cloud and a host's boot know of each other.
  mkdir -p /var/lib/local-cloud /var/lib/cloud
  mkfifo -m 0600 /var/lib/local-cloud/plugged /var/lib/local-cloud/ready
}

certificates() {
  mkdir -p /usr/local/share/ca-certificates
  cp /build/authority.pem /usr/local/share/ca-certificates/local-cloud.crt
  (cd /usr/share/ca-certificates && find . -name '*.crt' | sed 's|^\./||' | sort) >/etc/ca-certificates.conf
  update-ca-certificates >/dev/null 2>&1
}

units() {
  system=/usr/lib/systemd/system
  # Timers and jobs of a machine that a host does not have, or of packages that were taken out.
  for unit in $(find "$system" -name '*.timer' ! -name systemd-tmpfiles-clean.timer -printf '%f\n') \
    console-getty.service getty.target systemd-sysctl.service \
    systemd-modules-load.service systemd-udevd.service systemd-udev-trigger.service systemd-remount-fs.service \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-pcrphase.service \
    systemd-pcrphase-sysinit.service systemd-networkd.service e2scrub_reap.service systemd-firstboot.service \
    modprobe@.service sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
  done
  # Started when somebody asks it, by way of D-Bus, for a reboot: no boot waits for it.
  rm -f "$system/multi-user.target.wants/systemd-logind.service"
  ln -sf multi-user.target "$system/default.target"
  wants=/etc/systemd/system/multi-user.target.wants
  mkdir -p "$wants" /etc/systemd/system/cloud-init.target.wants
  for unit in sshd.service cloud-init.service local-cloud-ready.service cloud-init.target; do
    [ ! -e "$system/$unit" ] || ln -sf "$system/$unit" "$wants/$unit"
  done
  ln -sf "$system/cloud-final.service" /etc/systemd/system/cloud-init.target.wants/cloud-final.service
}
