"""Huge and hostile revisions before the agent: how long it takes, what it holds, what leaves its folder."""

import io
import resource
import subprocess
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path

from local_cloud.testing.agent import AgentError, appspec, bundle, installer
from tests.proof.table import Figure, bounded, counted

HEAD = "version: 0.0\nos: linux\n"
FILES = 100_000
ARCHIVED = 20_000
PROCESS_MIB = 1536
LARGE = f"a revision of {FILES:,} files, each an entry, with modes"


def apart(work: Callable[[], float]) -> tuple[float, float]:
    """What it returns, and the largest MiB that a process of its own had."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        value = worker.submit(work).result()
        return value, worker.submit(peak).result()


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def seconds(into: list[float]) -> Iterator[None]:
    begun = time.monotonic()
    yield
    into.append(time.monotonic() - begun)


def large_appspec() -> float:
    """Five megabytes of entries."""
    text = HEAD + "files:\n"
    text += "".join(f"- source: site/page-{number}\n  destination: /srv/www\n" for number in range(90_000))
    took: list[float] = []
    with seconds(took):
        assert len(appspec.parse(text).files) == 90_000
    return took[0]


def five_megabytes_in_brackets() -> float:
    text = HEAD + "x: [" + "a," * 2_500_000 + "]\n"
    took: list[float] = []
    with seconds(took):
        appspec.parse(text)
    return took[0]


def installation(files: int) -> float:
    """Every file an entry of its own, and a mode for all of them."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "archive" / "s").mkdir(parents=True)
        (root / "instructions").mkdir()
        for number in range(files):
            (root / "archive" / "s" / f"f{number}").touch()
        entries = "".join(f"- source: s/f{number}\n  destination: {root}/to\n" for number in range(files))
        text = f"{HEAD}files:\n{entries}permissions:\n- object: {root}/to\n  mode: 644\n"
        took: list[float] = []
        with seconds(took):
            read = appspec.parse(text)
            installer.install(read, root / "archive", root / "instructions", "group", "DISALLOW")
        assert len(list((root / "to").iterdir())) == files
    return took[0]


def many_files() -> float:
    return installation(FILES)


def a_tenth() -> float:
    return installation(FILES // 10)


def large_archive() -> float:
    """20,000 files."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "bundle.tar"
        with tarfile.open(path, "w") as tar:
            for number in range(ARCHIVED):
                add(tar, f"site/f{number}")
        took: list[float] = []
        with seconds(took):
            bundle.unpack(path, "tar", Path(name) / "archive")
        assert len(list((Path(name) / "archive" / "site").iterdir())) == ARCHIVED
    return took[0]


def add(tar: tarfile.TarFile, name: str, **fields: object) -> None:
    entry = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(entry, field, value)
    tar.addfile(entry, io.BytesIO(b""))


def through_a_link(tar: tarfile.TarFile) -> None:
    add(tar, "out", type=tarfile.SYMTYPE, linkname="..")
    add(tar, "out/escaped")


def special(name: str, kind: bytes) -> list[str]:
    """A revision with such a file among its own; what is left of it but a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with tarfile.open(root / "bundle.tar", "w") as tar:
            # /dev/zero, where it is a device.
            add(tar, f"site/{name}", type=kind, devmajor=1, devminor=5)
        bundle.unpack(root / "bundle.tar", "tar", root / "archive")
        (root / "instructions").mkdir()
        read = appspec.parse(f"{HEAD}files:\n- source: site\n  destination: {root}/to\n")
        try:
            installer.install(read, root / "archive", root / "instructions", "group", "DISALLOW")
        except AgentError as error:
            said = [] if "may be read without end" in str(error) else [str(error)]
            return said + [str(path) for path in (root / "to").iterdir()]
        return ["it was installed"]


def large_file() -> float:
    """Two gigabytes of zeros in an archive of two megabytes, unpacked and installed."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "site").mkdir()
        with (root / "site" / "zeros").open("wb") as file:
            file.truncate(2 * 2**30)
        subprocess.run(["tar", "-czf", root / "bundle.tgz", "-C", root, "site"], check=True)
        assert (root / "bundle.tgz").stat().st_size < 5 * 2**20
        (root / "instructions").mkdir()
        took: list[float] = []
        with seconds(took):
            bundle.unpack(root / "bundle.tgz", "tgz", root / "archive")
            read = appspec.parse(f"{HEAD}files:\n- source: site\n  destination: {root}/to\n")
            installer.install(read, root / "archive", root / "instructions", "group", "DISALLOW")
        assert (root / "to" / "zeros").stat().st_size == 2 * 2**30
    return took[0]


TARS: dict[str, Callable[[tarfile.TarFile], None]] = {
    "a name above the folder": lambda tar: add(tar, "../escaped"),
    "a name far above it": lambda tar: add(tar, "site/../../escaped"),
    "an absolute name": lambda tar: add(tar, f"{Path(str(tar.name)).parent}/escaped"),
    "a name through a link": through_a_link,
    "a hard link above it": lambda tar: add(tar, "site", type=tarfile.LNKTYPE, linkname="../bundle.tar"),
}
ZIPS = {"a name above the folder": "../escaped", "a name far above it": "site/../../escaped"}


def hostile() -> Iterator[tuple[str, list[str]]]:
    """Each archive, and what it left outside its folder."""
    for kind, make in TARS.items():
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "bundle.tar"
            with tarfile.open(path, "w") as tar:
                make(tar)
            yield f"tar with {kind}", outside(path, "tar")
    for kind, member in ZIPS.items():
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "bundle.tar"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(member, "")
            yield f"zip with {kind}", outside(path, "zip")


def outside(path: Path, kind: str) -> list[str]:
    with suppress(AgentError):
        bundle.unpack(path, kind, path.parent / "archive")
    left = {each.name for each in path.parent.iterdir()} - {"bundle.tar", "archive"}
    linked = [each for each in (path.parent / "archive").rglob("*") if each.is_file() and each.samefile(path)]
    return [*sorted(left), *map(str, linked)]


TIMED: list[tuple[str, Callable[[], float], float]] = [
    ("an appspec of 5 MB, 90,000 entries", large_appspec, 30),
    ("an appspec of 5 MB, one list of 2,500,000", five_megabytes_in_brackets, 90),
    (LARGE, many_files, 150),
    (f"an archive of {ARCHIVED:,} files", large_archive, 60),
    ("two gigabytes in an archive of two megabytes", large_file, 120),
]


def figures() -> Iterator[Figure]:
    took: dict[str, float] = {}
    for name, work, most in TIMED:
        begun = time.monotonic()
        took[name], mebibytes = apart(work)
        yield bounded(f"{name}: time", took[name], most, "s", seconds=time.monotonic() - begun)
        yield bounded(f"{name}: memory of the agent", mebibytes, PROCESS_MIB, "MiB")
    begun = time.monotonic()
    tenth, _ = apart(a_tenth)
    ratio = took[LARGE] / tenth
    name = "ten times the files take so many times as long"
    yield bounded(name, ratio, 30, "x", seconds=time.monotonic() - begun)
    verdicts = list(hostile())
    faults = [f"{name}: {', '.join(left)}" for name, left in verdicts if left]
    name = "hostile archives that leave nothing outside their folder"
    yield counted(name, len(verdicts) - len(faults), len(verdicts), faults=faults)
    kinds = {"a named pipe": tarfile.FIFOTYPE, "a device": tarfile.CHRTYPE}
    wrong = [f"{kind}: {', '.join(left)}" for kind, code in kinds.items() if (left := special("x", code))]
    name = "files without end in a revision, each refused by name"
    yield counted(name, len(kinds) - len(wrong), len(kinds), faults=wrong)
