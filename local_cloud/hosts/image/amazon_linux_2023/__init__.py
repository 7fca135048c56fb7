"""A likeness of Amazon Linux 2023 around the packages of Debian or Ubuntu."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local_cloud.hosts.image import apt
from local_cloud.hosts.image.amazon_linux_2023 import specs
from local_cloud.hosts.image.distribution import LEFT_OUT, Distribution

HERE = Path(__file__).parent

BASE = (
    "?essential",
    "acl",
    "ca-certificates",
    "createrepo-c",
    "curl",
    "dbus",
    "dnf",
    "iproute2",
    "libnss-myhostname",
    "openssh-server",
    "openssl",
    "procps",
    "python3",
    "python3-dnf",
    "python3-yaml",
    "rpm",
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
    "nginx-light",
    "python3-certbot-dns-route53",
    "ruby",
    "wget",
)
"""What dnf can install besides, as far as the pipeline and its users ask for it."""

UNWANTED = (
    "adduser",
    "apt",
    "cdebconf",
    "debconf",
    "debugedit",
    "dirmngr",
    "e2fsprogs",
    "fonts-lato",
    "gnupg",
    "gnupg-utils",
    "gpg",
    "gpg-agent",
    "gpg-wks-client",
    "gpg-wks-server",
    "gpgsm",
    "init",
    "liberror-perl",
    "libpam-runtime",
    "logsave",
    "perl",
    "pinentry-curses",
    "python3-distutils",
    "python3-lib2to3",
    "rake",
    "ruby-test-unit",
    "ucf",
    "usr-is-merged",
    "usrmerge",
)
"""Dependencies that a host does without. To apt they are there already."""


def download(downloads: Path) -> tuple[list[Path], list[Path]]:
    """The packages of every host, and those that dnf can install besides."""
    base, repository = apt.download(downloads, BASE, REPOSITORY, unwanted=UNWANTED)
    return base, repository


def lay_out(root: Path, downloads: Path, say: Callable[[str], None]) -> Mapping[str, str]:
    """Unpacks the packages and describes those that dnf shall know of."""
    say("host image: downloading the distribution's packages (about 100 MB where none are here)")
    base, repository = download(downloads)
    say(f"host image: unpacking {len(base) + len(repository)} packages")
    control = _unpack(root, base, repository)
    say("host image: making it a likeness of Amazon Linux 2023")
    shutil.copytree(HERE / "packages", root / "build/packages")
    _describe(root, control, [specs.parse_control(apt.control(path)) for path in base])
    nginx = next(package for name, package in control.items() if name.startswith("nginx"))
    return {"NGINX_VERSION": nginx.rpm_version}


def _unpack(root: Path, base: Sequence[Path], repository: Sequence[Path]) -> dict[str, specs.Package]:
    """Unpacks `base` into `root`, and each of `repository` below `root`/build/unpacked."""
    packages = {path: specs.parse_control(apt.control(path)) for path in repository}
    targets = [(path, root) for path in base]
    for path, package in packages.items():
        # nginx's own packages are the raw material of one of Amazon's shape.
        folder = "" if _is_nginx(package.name) else package.name
        targets.append((path, root / "build/unpacked" / folder))
    apt.unpack(targets, left_out=LEFT_OUT)
    return {package.name: package for package in packages.values()}


def _is_nginx(name: str) -> bool:
    return name.startswith(("nginx", "libnginx"))


def _describe(root: Path, repository: Mapping[str, specs.Package], base: Sequence[specs.Package]) -> None:
    """Writes the RPM specs of what dnf can install, and of what the image has."""
    build = root / "build"
    owned = {
        name: files
        for name in repository
        if not _is_nginx(name) and (files := specs.owned_files(build / "unpacked" / name, root))
    }
    packages = [repository[name] for name in owned]
    (build / "repository.spec").write_text(specs.repository_spec(packages, owned))
    versions = {package.name: package.rpm_version for package in base}
    (build / "installed.spec").write_text(specs.installed_spec(versions))


AMAZON_LINUX_2023 = Distribution(
    name="amazon-linux-2023",
    title="a likeness of Amazon Linux 2023",
    user="ec2-user",
    folder=HERE,
    lay_out=lay_out,
)
