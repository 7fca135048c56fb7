# Offers a host of Debian newer packages of nginx ($1 is nginx), a package whose script fails (fragile), or sets the flag
# that wants a reboot (reboot).
set -eu
if [ "$1" = reboot ]; then
  touch /run/reboot-required
  exit
fi
mkdir -p /srv/offer/work
cd /srv/offer
: >Packages
list() {
  {
    dpkg-deb --field "$1"
    echo "Filename: ./$1"
    echo "Size: $(stat --format=%s "$1")"
    echo "SHA256: $(sha256sum "$1" | cut -d' ' -f1)"
    echo
  } >>Packages
}
echo 'deb [trusted=yes] file:/srv/offer ./' >/etc/apt/sources.list.d/offer.list

if [ "$1" = fragile ]; then
  for version in 1.0 2.0; do
    rm -rf work/tree
    mkdir -p work/tree/DEBIAN
    printf '%s\n' 'Package: fragile' "Version: $version" 'Architecture: all' 'Maintainer: none <none@example.com>' \
      'Description: newer' >work/tree/DEBIAN/control
    printf '%s\n' '#!/bin/sh' "[ $version = 1.0 ]" >work/tree/DEBIAN/postinst
    chmod 0755 work/tree/DEBIAN/postinst
    dpkg-deb --build work/tree fragile-$version.deb >/dev/null
  done
  dpkg --install fragile-1.0.deb
  list fragile-2.0.deb
  exit
fi
for package in $(dpkg-query --show --showformat='${Package}\n' 'nginx*'); do
  old=$(dpkg-query --show --showformat='${Version}' "$package" || true)
  file=$(find /usr/share/local-cloud/repository -name "${package}_*.deb")
  [ -n "$file" ] || continue
  rm -rf work/tree
  dpkg-deb --raw-extract "$file" work/tree
  sed -i "s/$old/99.0-1/g" work/tree/DEBIAN/control
  dpkg-deb --build work/tree "$package.deb" >/dev/null
  list "$package.deb"
done
