"""The root file systems that hosts boot from, one for each distribution.

No image registry is needed: they are made of the packages of the distribution that
this machine runs (Debian or Ubuntu, by `apt-get`), unless `Settings.host_image` names one.
The one of Amazon Linux is given Amazon's names and layout. Each lies in
`.cache/images/<name>-<fingerprint>/`, where the fingerprint is of all that goes into it, so a
change makes a new one. Containers use it as the lower layer of an overlay; nothing writes into it.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local_cloud.hosts import programs
from local_cloud.hosts.engines.engine import Image
from local_cloud.hosts.image import amazon_linux_2023, pulled
from local_cloud.hosts.image.amazon_linux_2023 import AMAZON_LINUX_2023
from local_cloud.hosts.image.apt import AptError
from local_cloud.hosts.image.debian_12 import DEBIAN_12
from local_cloud.hosts.image.distribution import Distribution, ImageError
from local_cloud.settings import Settings

__all__ = [
    "AMAZON_LINUX_2023",
    "DEBIAN_12",
    "DEFAULT",
    "DISTRIBUTIONS",
    "AptError",
    "Distribution",
    "ImageError",
    "download",
    "ensure",
]

Say = Callable[[str], None]

HERE = Path(__file__).parent
DISTRIBUTIONS: Mapping[str, Distribution] = {each.name: each for each in (AMAZON_LINUX_2023, DEBIAN_12)}
DEFAULT = AMAZON_LINUX_2023.name

CHROOT_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}


def ensure(settings: Settings, say: Say, distribution: str = DEFAULT) -> Image:
    """The image, made where it is not there yet (about half a minute and 100 MB of downloads).

    `say` is given progress lines. Raises `ImageError` or `AptError`.
    """
    from local_cloud import certificates  # noqa: PLC0415 - `download` goes without what it imports

    authority = certificates.ensure_authority(settings).read_bytes()
    is_pulled = settings.host_image and distribution == DEFAULT
    chosen = pulled.distribution(settings) if is_pulled else DISTRIBUTIONS[distribution]
    image = _image(settings, authority, chosen)
    if image.root.is_dir():
        return image
    with _locked(image.root.parent.parent, chosen.name):
        if not image.root.is_dir():
            _build(settings, image, chosen, authority, say)
    return image


def download(settings: Settings) -> None:
    """Get the packages of the default image, which `ensure` finds then.

    It needs Python's own library alone. Raises `AptError`, and OSError where this system has no apt.
    """
    with _locked(settings.cache_dir / "images", DEFAULT):
        amazon_linux_2023.download(_downloads(settings, AMAZON_LINUX_2023))


def _image(settings: Settings, authority: bytes, distribution: Distribution) -> Image:
    digest = hashlib.sha256(authority)
    digest.update(f"{settings.gateway}{distribution.source}".encode())
    files = [*HERE.glob("*.py"), *(HERE / "common").rglob("*"), *distribution.folder.rglob("*")]
    for path in sorted(files):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(HERE)}\0{path.stat().st_mode & 0o777:o}\0".encode())
            digest.update(path.read_bytes())
    name = f"{distribution.name}-{digest.hexdigest()[:16]}"
    return Image(name, settings.cache_dir / "images" / name / "root")


@contextmanager
def _locked(images: Path, name: str) -> Iterator[None]:
    images.mkdir(parents=True, exist_ok=True)
    with (images / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(settings: Settings, image: Image, distribution: Distribution, authority: bytes, say: Say) -> None:
    """Makes the image under a temporary name: an interrupted build leaves nothing that looks finished."""
    if os.geteuid() != 0:
        raise ImageError("the host image is made by root: run this as root")
    if not distribution.source and not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise ImageError(
            "the host image is made of Debian's or Ubuntu's packages, and apt-get is not on this machine: "
            "name an image with --host-image"
        )
    started = time.monotonic()
    images = image.root.parent.parent
    others = tuple(f"{name}-" for name in (*DISTRIBUTIONS, pulled.NAME) if name != distribution.name)
    for old in images.iterdir():
        if old.is_dir() and not old.name.startswith(others):
            shutil.rmtree(old)
    temporary = images / f"{distribution.name}-unfinished"
    root = temporary / "root"
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    (root / "build").mkdir()
    environment = distribution.lay_out(root, _downloads(settings, distribution), say)
    for directory in (HERE / "common", distribution.folder):
        if (directory / "root").is_dir():
            shutil.copytree(directory / "root", root, dirs_exist_ok=True, symlinks=True)
    shutil.copy2(HERE / "common/host.sh", root / "build")
    shutil.copy2(distribution.folder / "configure.sh", root / "build")
    (root / "build/authority.pem").write_bytes(authority)
    _configure(root, {"GATEWAY": settings.gateway, "HOST_USER": distribution.user, **environment})
    temporary.rename(image.root.parent)
    say(f"host image: {distribution.title} is ready after {time.monotonic() - started:.0f} s")


def _downloads(settings: Settings, distribution: Distribution) -> Path:
    """Kept, so that another image needs no network."""
    name = "packages" if distribution.name == DEFAULT else f"packages-{distribution.name}"
    return settings.cache_dir / name


def _configure(root: Path, environment: Mapping[str, str]) -> None:
    """Runs configure.sh in the tree, in namespaces of its own, which end with it."""
    inside = 'set -e; mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; exec chroot "$1" "$2"'
    result = programs.run(
        [
            *("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"),
            *("sh", "-c", inside, "sh", str(root), "/build/configure.sh"),
        ],
        env={**CHROOT_ENVIRONMENT, **environment},
    )
    if result.returncode:
        raise ImageError(f"the host image can't be configured: {result.stderr.strip()[-2000:]}")
