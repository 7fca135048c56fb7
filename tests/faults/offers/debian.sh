# Offers a host of Debian newer packages of nginx ($1 is nginx), or sets the flag that wants a reboot.
set -eu
if [ "$1" != nginx ]; then
  touch /run/reboot-required
  exit
fi
mkdir -p /srv/offer/work
cd /srv/offer
: >Packages
for package in $(dpkg-query --show --showformat='${Package}\n' 'nginx*'); do
  old=$(dpkg-query --show --showformat='${Version}' "$package" || true)
  file=$(find /usr/share/local-cloud/repository -name "${package}_*.deb")
  [ -n "$file" ] || continue
  rm -rf work/tree
  dpkg-deb --raw-extract "$file" work/tree
  sed -i "s/$old/99.0-1/g" work/tree/DEBIAN/control
  dpkg-deb --build work/tree "$package.deb" >/dev/null
  {
    dpkg-deb --field "$package.deb"
    echo "Filename: ./$package.deb"
    echo "Size: $(stat --format=%s "$package.deb")"
    echo "SHA256: $(sha256sum "$package.deb" | cut -d' ' -f1)"
    echo
  } >>Packages
done
echo 'deb [trusted=yes] file:/srv/offer ./' >/etc/apt/sources.list.d/offer.list
