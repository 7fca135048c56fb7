"""The content of the buckets `aws-codedeploy-<region>`: the install script and the agent's packages."""

import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from local_cloud.agent import archives
from local_cloud.agent.codedeploy_agent import VERSION, VERSION_2
from local_cloud.settings import Settings

_HERE = Path(__file__).parent
_HOME = "/opt/codedeploy-agent"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What `uname -m` calls them, and Debian."""


def build(settings: Settings, say: Callable[[str], None]) -> Path:
    """Makes the folder whose files become each bucket's objects; kept in the cache by what is in it."""
    contents = dict(_bucket())
    digest = hashlib.sha256(
        b"".join(key.encode() + content for key, content in sorted(contents.items()))
    ).hexdigest()
    folder = settings.cache_dir / "agent" / digest[:16]
    if folder.is_dir():
        return folder
    say("packing the CodeDeploy agent")
    unfinished = folder.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for key, content in contents.items():
        path = unfinished / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    unfinished.rename(folder)
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other)
    return folder


def _bucket() -> Iterator[tuple[str, bytes]]:
    one = {"rpm": name("rpm"), "deb": name("deb"), "msi": f"releases/codedeploy-agent-{VERSION}.msi"}
    yield "latest/install", (_HERE / "package" / "install").read_bytes()
    yield "latest/LATEST_VERSION", json.dumps(one).encode()
    yield one["rpm"], archives.rpm(package("rpm"))
    yield one["deb"], archives.deb(package("deb"))
    two = {
        f"{kind}_{machine}": name(kind, VERSION_2, machine)
        for kind in ("rpm", "deb")
        for machine in _MACHINES
    }
    yield "latestv2/install", (_HERE / "package" / "install-2").read_bytes()
    msi = {"msi": f"releases/codedeploy-agent-{VERSION_2}.msi"}
    yield "latestv2/LATEST_VERSION", json.dumps({**two, **msi}).encode()
    for machine in _MACHINES:
        yield two[f"rpm_{machine}"], archives.rpm(package("rpm", VERSION_2, machine))
        yield two[f"deb_{machine}"], archives.deb(package("deb", VERSION_2, machine))


def name(kind: str, version: str = VERSION, machine: str = "x86_64") -> str:
    """The key of a package: `kind` is rpm or deb, `machine` as `uname -m` has it; 1.8 is for all of them."""
    rpm, deb = _architectures(version, machine)
    if kind == "rpm":
        return f"releases/codedeploy-agent-{version}.{rpm}.rpm"
    return f"releases/codedeploy-agent_{version}_{deb}.deb"


def package(kind: str, version: str = VERSION, machine: str = "x86_64") -> archives.Package:
    """An agent of this version, such as `1.8.1-1`, in the form of its generation."""
    number, release = version.split("-")
    first = version.startswith("1.")
    rpm, deb = _architectures(version, machine)
    return archives.Package(
        name="codedeploy-agent",
        version=number,
        release=release,
        summary="The local cloud's CodeDeploy agent",
        description="Behaves like the AWS CodeDeploy agent; made for the local cloud's hosts.",
        licence="GPL-3.0-or-later",
        # As the real packages: 1.8 is written in Ruby, 2 needs nothing. This one needs Python and
        # openssl, which are on every RPM system.
        rpm_requires=("ruby",) if first else (),
        deb_depends=("ruby", "openssl", "python3") if first else ("openssl", "python3"),
        rpm_architecture=rpm,
        deb_architecture=deb,
        entries=tuple(_entries(kind, version)),
        after_install=_text("after-install.sh"),
        before_remove=_text("before-remove.sh"),
    )


def _architectures(version: str, machine: str) -> tuple[str, str]:
    return ("noarch", "all") if version.startswith("1.") else (machine, _MACHINES[machine])


def _entries(kind: str, version: str) -> Iterator[archives.Entry]:
    for directory in (
        "",
        "/bin",
        "/deployment-root",
        "/lib",
        "/lib/codedeploy_agent",
        "/vendor",
        "/vendor/yaml",
    ):
        yield archives.Entry(_HOME + directory, 0o755, None)
    first = version.startswith("1.")
    told = f"OFFICIAL_{version}_{kind}" if first else version.partition("-")[0]
    yield archives.Entry(f"{_HOME}/.version", 0o644, f"agent_version: {told}\n".encode())
    yield _file("codedeploy-agent", f"{_HOME}/bin/codedeploy-agent", 0o755)
    yield _file("codedeployagent.yml", "/etc/codedeploy-agent/conf/codedeployagent.yml", 0o644, config=True)
    unit_directory = "/usr/lib/systemd/system" if kind == "rpm" and first else "/lib/systemd/system"
    unit = "codedeploy-agent.service" if first else "codedeploy-agent-2.service"
    yield _file(unit, f"{unit_directory}/codedeploy-agent.service", 0o644)
    yield from _modules(_HERE / "codedeploy_agent", f"{_HOME}/lib/codedeploy_agent")
    # As the real one brings its gems: a host's own Python need not have it.
    yield from _modules(Path(yaml.__file__).parent, f"{_HOME}/vendor/yaml")
    yield archives.Entry(f"{_HOME}/vendor/yaml/LICENSE", 0o644, _yaml_licence())


def _file(source: str, path: str, mode: int, *, config: bool = False) -> archives.Entry:
    return archives.Entry(path, mode, (_HERE / "package" / source).read_bytes(), config=config)


def _modules(source: Path, target: str) -> Iterator[archives.Entry]:
    for path in sorted(source.glob("*.py")):
        yield archives.Entry(f"{target}/{path.name}", 0o644, path.read_bytes())


def _yaml_licence() -> bytes:
    files = importlib.metadata.files("PyYAML") or []
    return next(file.read_binary() for file in files if file.name == "LICENSE")


def _text(name: str) -> str:
    return (_HERE / "package" / name).read_text()
