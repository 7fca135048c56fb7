# Offers a host of Amazon Linux a newer nginx in its release ($1 is nginx), a package whose script fails (fragile), or a
# newer glibc, which wants a reboot, in a newer release (reboot).
set -eu
now=$(rpm --query --queryformat '%{VERSION}' system-release)
newer=2023.10.20260105
work=/srv/offer/work
mkdir -p $work/root "/srv/offer/$now" /srv/offer/$newer

header() {
  printf '%s\n' "Name: $1" "Version: $2" 'Release: 1.amzn2023' 'Summary: newer' 'License: none' 'AutoReqProv: no'
}
build() {
  rpmbuild -bb --quiet --define "_topdir $work/rpm" --define "_rpmdir /srv/offer/$1" --define '__os_install_post %{nil}' \
    --define 'debug_package %{nil}' --define '_build_id_links none' $work/spec
}

case $1 in
nginx)
  {
    header nginx 99.0
    printf '%s\n' 'Epoch: 1' 'Provides: webserver nginx-core nginx-filesystem nginx-mimetypes' '%description' newer '%install'
    rpm -ql nginx | while read -r path; do
      if [ -d "$path" ]; then echo "mkdir -p %{buildroot}$path"; else
        echo "mkdir -p %{buildroot}${path%/*}; cp -a $path %{buildroot}$path"
      fi
    done
    echo '%files'
    rpm -ql nginx | while read -r path; do
      case $path in
        /etc/*) [ -d "$path" ] && echo "%dir $path" || echo "%config(noreplace) $path" ;;
        *) [ -d "$path" ] && echo "%dir $path" || echo "$path" ;;
      esac
    done
  } >$work/spec
  build "$now"
  ;;
fragile)
  for version in 1.0 2.0; do
    {
      header fragile $version
      printf '%s\n' '%description' newer '%pre' "[ $version = 1.0 ]" '%files'
    } >$work/spec
    build "$now"
  done
  rpm --install "/srv/offer/$now"/*/fragile-1.0-*.rpm
  ;;
reboot)
  {
    header glibc 99.0
    printf '%s\n' '%description' newer '%files'
  } >$work/spec
  build $newer
  {
    header system-release $newer
    printf '%s\n' "Provides: system-release(releasever) = $newer" '%description' newer '%files'
  } >$work/spec
  build $newer
  ;;
esac
for release in $now $newer; do createrepo_c --quiet "/srv/offer/$release"; done
printf '%s\n' '[offer]' name=offer 'baseurl=file:///srv/offer/$releasever' enabled=1 gpgcheck=0 metadata_expire=0 \
  >/etc/yum.repos.d/offer.repo

# The command of Amazon's plugin, with the line of its notice that names the release.
plugins=/usr/lib/python3/dist-packages/dnf-plugins
mkdir -p $plugins
cat >$plugins/notice.py <<EOF
import dnf
import dnf.cli


class Check(dnf.cli.Command):
    aliases = ("check-release-update",)

    def run(self):
        print("      dnf upgrade --releasever=$newer")


class Notice(dnf.Plugin):
    name = "notice"

    def __init__(self, base, cli):
        super().__init__(base, cli)
        # Programs that use dnf as a library have none.
        if cli is not None:
            cli.register_command(Check)
EOF
