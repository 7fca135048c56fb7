"""A host image made of a container image: Amazon Linux itself, where a registry or an archive has it."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from local_cloud.hosts import engines
from local_cloud.hosts.image import captured
from local_cloud.hosts.image.amazon_linux_2023 import AMAZON_LINUX_2023
from local_cloud.hosts.image.distribution import Distribution, ImageError
from local_cloud.settings import Settings

HERE = Path(__file__).parent
NAME = "pulled"


def distribution(settings: Settings) -> Distribution:
    """In place of the likeness of Amazon Linux."""
    return Distribution(
        name=NAME,
        title=settings.host_image,
        user=AMAZON_LINUX_2023.user,
        folder=HERE,
        lay_out=partial(lay_out, settings),
        source=settings.host_image,
    )


def lay_out(settings: Settings, root: Path, _: Path, say: Callable[[str], None]) -> Mapping[str, str]:
    """Pulls the image, has its own package manager install what a host needs, and unpacks its files."""
    reference = settings.host_image
    say(f"host image: pulling {reference}")
    archive = root.parent / "files.tar"
    try:
        engine = engines.find(settings)
        engine.export(reference, (HERE / "install.sh").read_text(), archive)
    except engines.EngineError as error:
        raise ImageError(
            f"no host image can be made of {reference} ({error}): "
            "without --host-image it is made of this machine's packages"
        ) from error
    say(f"host image: making hosts of {reference}")
    captured.unpack(archive, root)
    archive.unlink()
    return {}
