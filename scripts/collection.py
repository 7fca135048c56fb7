"""The modules and the roles for hosts as an Ansible collection, for whoever wants them without the pipeline.

    python -m scripts.collection        build/collection/codedeploy-pipeline-VERSION.tar.gz

The repository is the collection (galaxy.yml, plugins/), less what galaxy.yml leaves out. The archive has
a README of its own, the modules' pages, examples and scenarios, from collection/ and docs/modules.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
BUILT = CHECKOUT / "build" / "collection"
GALAXY = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))
NAME = f"{GALAXY['namespace']}.{GALAXY['name']}"
TOOL = Path(sys.executable).with_name("ansible-galaxy")


def build(folder: Path = BUILT) -> Path:
    """Pack the collection into `folder`; returns the archive."""
    with tempfile.TemporaryDirectory(prefix="collection-") as scratch:
        staged = Path(scratch) / "staged"
        shutil.copytree(CHECKOUT, staged, ignore=_left_out)
        shutil.copytree(CHECKOUT / "collection", staged, dirs_exist_ok=True)
        shutil.copytree(CHECKOUT / "docs" / "modules", staged / "docs" / "modules")
        # The pages are packed here, and not what else a checkout has there.
        galaxy = staged / "galaxy.yml"
        galaxy.write_text(galaxy.read_text(encoding="utf-8").replace("  - docs\n", ""), encoding="utf-8")
        _run("build", "--force", f"--output-path={folder.absolute()}", str(staged))
    return folder / f"{GALAXY['namespace']}-{GALAXY['name']}-{GALAXY['version']}.tar.gz"


def install(archive: Path, root: Path) -> Path:
    """Unpack an archive below `root`, as ansible-galaxy does for users; returns the collection's folder."""
    # What it depends on is in the environment already: no Galaxy server is asked.
    _run("install", "--no-deps", "--offline", "--force", f"--collections-path={root}", str(archive))
    (root / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
    return root / "ansible_collections" / NAME.replace(".", "/")


def environment(root: Path) -> dict[str, str]:
    """What leads Ansible's tools to the collections below `root`, away from the checkout's settings."""
    return os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(root),
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def _left_out(folder: str, names: list[str]) -> set[str]:
    """What is not packed is not copied either, caches of some gigabytes among it."""
    if Path(folder) == CHECKOUT:
        # plugins/ has links to the last ones, which become folders: some tools follow no links.
        top = set(GALAXY["build_ignore"]) | {"library", "module_utils", "action_plugins", "doc_fragments"}
        return {name for name in names if name.startswith(".") or name in top}
    return {name for name in names if name == "__pycache__"}


def _run(action: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(TOOL), "collection", action, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"collection: ansible-galaxy could not {action} it:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    print(build())
