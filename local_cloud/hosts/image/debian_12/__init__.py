"""Debian 12, installed by its own package manager from its own packages."""

import hashlib
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local_cloud.hosts.image import apt
from local_cloud.hosts.image.distribution import LEFT_OUT, Distribution, ImageError

HERE = Path(__file__).parent

ESSENTIAL = ("?essential", "apt", "usr-is-merged")
"""What installs the rest."""

BASE = (
    "acl",
    "ca-certificates",
    "curl",
    "dbus",
    "debian-archive-keyring",
    "iproute2",
    "libnss-myhostname",
    "openssh-server",
    "openssl",
    "procps",
    "python3",
    "python3-apt",
    "python3-yaml",
    "sudo",
    "systemd",
    "systemd-sysv",
    "unzip",
)
"""In every host."""

REPOSITORY = (
    "certbot",
    "git",
    "jq",
    "less",
    "nginx",
    "python3-certbot-dns-route53",
    "rsync",
    "ruby-full",
    "wget",
)
"""What apt can install besides, without a network."""

WHERE = Path("usr/share/local-cloud/repository")


def lay_out(root: Path, downloads: Path, say: Callable[[str], None]) -> Mapping[str, str]:
    """Unpacks the essential packages, and puts there what their dpkg then installs."""
    system = platform.freedesktop_os_release()
    if (system.get("ID"), system.get("VERSION_ID")) != ("debian", "12"):
        raise ImageError(
            "hosts of Debian 12 are made of this machine's packages, and this machine runs"
            f" {system.get('PRETTY_NAME')}: use an image of Amazon Linux, or a machine with Debian 12"
        )
    say("host image: downloading Debian's packages (about 100 MB)")
    essential, base, repository = apt.download(downloads, ESSENTIAL, BASE, REPOSITORY)
    say(f"host image: installing {len(essential) + len(base)} packages of Debian 12")
    apt.unpack([(path, root) for path in essential], left_out=LEFT_OUT)
    for name, packages in (("essential", essential), ("base", base)):
        _copy(packages, root / "build" / name)
    _copy(repository, root / WHERE)
    (root / WHERE / "Packages").write_text(index(repository))
    return {}


def _copy(packages: Sequence[Path], directory: Path) -> None:
    directory.mkdir(parents=True)
    for package in packages:
        shutil.copy2(package, directory)


def index(packages: Sequence[Path]) -> str:
    """The file Packages of a repository that has all its packages in one folder."""
    return "\n".join(
        f"{apt.control(package).strip()}\nFilename: ./{package.name}\nSize: {package.stat().st_size}\n"
        f"SHA256: {hashlib.sha256(package.read_bytes()).hexdigest()}\n"
        for package in packages
    )


DEBIAN_12 = Distribution(name="debian-12", title="Debian 12", user="admin", folder=HERE, lay_out=lay_out)
