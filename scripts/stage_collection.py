"""Stage the modules as an Ansible collection, for the tools that only know collections; or write their docs.

    python scripts/stage_collection.py          build/collection/ansible_collections/local/pipeline
    python scripts/stage_collection.py docs     docs/modules and docs/codedeploy-features.md

The staged copy differs from the checkout in names alone: what is `ansible.module_utils.x` and
`codedeploy_x` here is `ansible_collections.local.pipeline.plugins.module_utils.x` and
`local.pipeline.codedeploy_x` there, documentation fragments alike.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import feature_table
import module_docs

CHECKOUT = Path(__file__).resolve().parent.parent
ROOT = CHECKOUT / "build" / "collection"
NAME = "local.pipeline"
FOLDERS = {
    "library": "modules",
    "module_utils": "module_utils",
    "action_plugins": "action",
    "doc_fragments": "doc_fragments",
}
GALAXY = """\
namespace: local
name: pipeline
version: 1.0.0
readme: README.md
authors: [the project]
license: [GPL-3.0-or-later]
dependencies: {amazon.aws: ">=10.1.0"}
"""
RUNTIME = "requires_ansible: '>=2.19.0'\n"


def stage(root: Path = ROOT) -> Path:
    """Write the collection below `root`, anew; returns its folder."""
    target = root / "ansible_collections" / NAME.replace(".", "/")
    shutil.rmtree(target, ignore_errors=True)
    modules = [path.stem for path in sorted((CHECKOUT / "library").glob("*.py"))]
    for source, folder in FOLDERS.items():
        for path in sorted((CHECKOUT / source).rglob("*.py")):
            copy = target / "plugins" / folder / path.relative_to(CHECKOUT / source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(renamed(path.read_text(encoding="utf-8"), modules), encoding="utf-8")
    (target / "galaxy.yml").write_text(GALAXY, encoding="utf-8")
    (target / "README.md").write_text("# The modules of the project, staged\n", encoding="utf-8")
    (target / "meta").mkdir()
    (target / "meta" / "runtime.yml").write_text(RUNTIME, encoding="utf-8")
    (root / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
    return target


def renamed(text: str, modules: list[str]) -> str:
    """A source file with the names that things have in the collection."""
    utilities = "|".join(sorted({path.stem for path in (CHECKOUT / "module_utils").glob("[a-z]*")}))
    text = re.sub(
        rf"\bansible\.module_utils\.({utilities})\b",
        rf"ansible_collections.{NAME}.plugins.module_utils.\1",
        text,
    )
    fragments = "|".join(path.stem for path in sorted((CHECKOUT / "doc_fragments").glob("*.py")))
    text = re.sub(rf"^(  - )((?:{fragments})(?:\.\w+)?)$", rf"\1{NAME}.\2", text, flags=re.MULTILINE)
    names = "|".join(modules)
    text = re.sub(rf"(  - module: )({names})$", rf"\1{NAME}.\2", text, flags=re.MULTILINE)
    return re.sub(rf"\bM\(({names})\)", rf"M({NAME}.\1)", text)


def environment(root: Path = ROOT) -> dict[str, str]:
    """Ansible's tools of this Python find the staged collection, and none of the checkout's settings."""
    return os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(root),
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["docs"]:
        module_docs.write()
        feature_table.write()
    else:
        print(stage())
