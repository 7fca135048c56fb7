"""The root file system that hosts boot from: a likeness of Amazon Linux 2023.

No image registry is needed: it is unpacked from the packages of the distribution
that this machine runs (Debian or Ubuntu, by `apt-get`), then given Amazon's names
and layout. It lies in `.cache/images/<fingerprint>/`, where the fingerprint is of
all that goes into it, so a change makes a new one. Containers use it as the lower
layer of an overlay; nothing writes into it.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_cloud import certificates
from local_cloud.hosts.image import apt, specs
from local_cloud.settings import Settings

Say = Callable[[str], None]

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

REPOSITORY = ("git", "jq", "less", "nginx-light", "ruby", "wget")
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

LEFT_OUT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info", "./boot")

CHROOT_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}


class ImageError(Exception):
    """The image can't be made; the message says what to do."""


@dataclass(frozen=True)
class Image:
    """A finished image."""

    fingerprint: str
    root: Path


def ensure(settings: Settings, say: Say) -> Image:
    """The image, made where it is not there yet (about half a minute and 100 MB of downloads).

    `say` is given progress lines. Raises `ImageError`.
    """
    authority = certificates.ensure_authority(settings).read_bytes()
    image = _image(settings, authority)
    if image.root.is_dir():
        return image
    images = image.root.parent.parent
    images.mkdir(parents=True, exist_ok=True)
    with _locked(images / "lock"):
        if not image.root.is_dir():
            _build(settings, image, authority, say)
    return image


def _image(settings: Settings, authority: bytes) -> Image:
    digest = hashlib.sha256(authority)
    digest.update(settings.gateway.encode())
    for path in sorted(HERE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(HERE)}\0{path.stat().st_mode & 0o777:o}\0".encode())
            digest.update(path.read_bytes())
    fingerprint = digest.hexdigest()[:16]
    return Image(fingerprint, settings.cache_dir / "images" / fingerprint / "root")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(settings: Settings, image: Image, authority: bytes, say: Say) -> None:
    """Makes the image under a temporary name: an interrupted build leaves nothing that looks finished."""
    if os.geteuid() != 0:
        raise ImageError("the host image is made by root: run this as root")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ImageError(
            "the host image is made of Debian's or Ubuntu's packages: apt-get is not on this machine"
        )
    started = time.monotonic()
    images = image.root.parent.parent
    for old in images.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    temporary = images / "unfinished"
    root = temporary / "root"
    root.mkdir(parents=True)
    say("host image: downloading the distribution's packages (about 100 MB)")
    base, repository = apt.download(
        settings.cache_dir / "packages", base=BASE, more=REPOSITORY, unwanted=UNWANTED
    )
    say(f"host image: unpacking {len(base) + len(repository)} packages")
    control = _unpack(root, base, repository)
    say("host image: making it a likeness of Amazon Linux 2023")
    _prepare(root, control, authority, [specs.parse_control(apt.control(path)) for path in base])
    nginx = next(package for name, package in control.items() if name.startswith("nginx"))
    _configure(root, {"GATEWAY": settings.gateway, "NGINX_VERSION": nginx.rpm_version})
    temporary.rename(image.root.parent)
    say(f"host image: ready after {time.monotonic() - started:.0f} s")


def _unpack(root: Path, base: Sequence[Path], repository: Sequence[Path]) -> dict[str, specs.Package]:
    """Unpacks `base` into `root`, and each of `repository` below `root`/build/unpacked."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    packages = {path: specs.parse_control(apt.control(path)) for path in repository}
    targets = [(path, root) for path in base]
    for path, package in packages.items():
        # nginx's own packages are the raw material of one of Amazon's shape.
        folder = "" if _is_nginx(package.name) else package.name
        targets.append((path, root / "build/unpacked" / folder))
    # The largest first, so that none is left alone at the end.
    targets.sort(key=lambda target: target[0].stat().st_size, reverse=True)
    with ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 1) as pool:
        list(pool.map(lambda target: apt.unpack(*target, left_out=LEFT_OUT), targets))
    return {package.name: package for package in packages.values()}


def _is_nginx(name: str) -> bool:
    return name.startswith(("nginx", "libnginx"))


def _prepare(
    root: Path, repository: Mapping[str, specs.Package], authority: bytes, base: Sequence[specs.Package]
) -> None:
    build = root / "build"
    shutil.copytree(HERE / "root", root, dirs_exist_ok=True, symlinks=True)
    shutil.copytree(HERE / "packages", build / "packages")
    shutil.copy2(HERE / "configure.sh", build / "configure.sh")
    (build / "authority.pem").write_bytes(authority)
    owned = {
        name: files
        for name in repository
        if not _is_nginx(name) and (files := specs.owned_files(build / "unpacked" / name, root))
    }
    packages = [repository[name] for name in owned]
    (build / "repository.spec").write_text(specs.repository_spec(packages, owned))
    versions = {package.name: package.rpm_version for package in base}
    (build / "installed.spec").write_text(specs.installed_spec(versions))


def _configure(root: Path, environment: Mapping[str, str]) -> None:
    """Runs configure.sh in the tree, in namespaces of its own, which end with it."""
    inside = 'set -e; mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; exec chroot "$1" "$2"'
    result = subprocess.run(
        [
            *("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"),
            *("sh", "-c", inside, "sh", str(root), "/build/configure.sh"),
        ],
        check=False,
        capture_output=True,
        text=True,
        env={**CHROOT_ENVIRONMENT, **environment},
    )
    if result.returncode:
        raise ImageError(f"the host image can't be configured: {result.stderr.strip()[-2000:]}")
