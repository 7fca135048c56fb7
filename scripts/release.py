"""What a release is made of, for the workflow that publishes it.

    python -m scripts.release v0.3.0    build/release: the collection, the local cloud's wheel, notes.md

Nothing is published here. Fails where the tag, galaxy.yml, pyproject.toml and CHANGELOG.md are not of one
version; the local cloud has its own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import yaml

from scripts import collection

if TYPE_CHECKING:
    from pathlib import Path

CHECKOUT = collection.CHECKOUT
RELEASE = CHECKOUT / "build" / "release"


def versions(checkout: Path = CHECKOUT) -> dict[str, str]:
    """File -> the version that it says."""
    found = {"galaxy.yml": yaml.safe_load((checkout / "galaxy.yml").read_text(encoding="utf-8"))["version"]}
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found | {"pyproject.toml": project["version"]}


def notes(changelog: str, version: str) -> str:
    """The section of a version, without its heading. Raises ValueError where it has nothing to say."""
    section = rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)"
    found = re.search(section, changelog, re.DOTALL | re.MULTILINE)
    if found is None or not found[1].strip():
        raise ValueError(f"CHANGELOG.md has no section '## {version} - DATE': name what changed.")
    return found[1].strip() + "\n"


def problems(tag: str, found: dict[str, str]) -> list[str]:
    """Where the tag's version is not that of a file."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        return [f"{tag} is no version: a release is vX.Y.Z."]
    return [f"{name} says {said}, the tag {tag}." for name, said in found.items() if f"v{said}" != tag]


def build(tag: str, folder: Path = RELEASE) -> list[Path]:
    """Make all that is published. Raises ValueError that names what does not fit."""
    wrong = problems(tag, versions())
    if wrong:
        raise ValueError("\n".join(wrong))
    text = notes((CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"), tag.removeprefix("v"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "notes.md").write_text(text, encoding="utf-8")
    collection.build(folder)
    options = ["--quiet", "--offline", "--no-build-isolation", "--wheel", "--python", sys.executable]
    uv = CHECKOUT / ".cache" / "uv" / "bin" / "uv"
    subprocess.run([uv, "build", *options, "--out-dir", folder, CHECKOUT / "local_cloud"], check=True)
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


if __name__ == "__main__":
    try:
        print(*build(sys.argv[1]), sep="\n")
    except (IndexError, ValueError) as error:
        sys.exit(f"release: {error}")
