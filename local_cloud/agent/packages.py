"""The content of the buckets `aws-codedeploy-<region>`: the install script and the agent's packages."""

import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from local_cloud.settings import Settings

from . import archives
from .codedeploy_agent import VERSION

_HERE = Path(__file__).parent
_HOME = "/opt/codedeploy-agent"


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
    version, release = VERSION.split("-")
    names = {
        "rpm": f"releases/codedeploy-agent-{version}-{release}.noarch.rpm",
        "deb": f"releases/codedeploy-agent_{version}-{release}_all.deb",
        "msi": f"releases/codedeploy-agent-{version}-{release}.msi",
    }
    yield "latest/install", (_HERE / "package" / "install").read_bytes()
    yield "latest/LATEST_VERSION", json.dumps(names).encode()
    yield names["rpm"], archives.rpm(_package("rpm"))
    yield names["deb"], archives.deb(_package("deb"))


def _package(kind: str) -> archives.Package:
    version, release = VERSION.split("-")
    return archives.Package(
        name="codedeploy-agent",
        version=version,
        release=release,
        summary="The local cloud's CodeDeploy agent",
        description="Behaves like the AWS CodeDeploy agent; made for the local cloud's hosts.",
        licence="GPL-3.0-or-later",
        # As the real package, which is written in Ruby. Python and openssl are on every RPM system.
        rpm_requires=("ruby",),
        deb_depends=("ruby", "openssl", "python3"),
        entries=tuple(_entries(kind)),
        after_install=_text("after-install.sh"),
        before_remove=_text("before-remove.sh"),
    )


def _entries(kind: str) -> Iterator[archives.Entry]:
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
    official = f"agent_version: OFFICIAL_{VERSION}_{kind}\n"
    yield archives.Entry(f"{_HOME}/.version", 0o644, official.encode())
    yield _file("codedeploy-agent", f"{_HOME}/bin/codedeploy-agent", 0o755)
    yield _file("codedeployagent.yml", "/etc/codedeploy-agent/conf/codedeployagent.yml", 0o644, config=True)
    unit_directory = "/usr/lib/systemd/system" if kind == "rpm" else "/lib/systemd/system"
    yield _file("codedeploy-agent.service", f"{unit_directory}/codedeploy-agent.service", 0o644)
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
