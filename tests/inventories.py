"""Inventories that are copies of inventory/local and lead to a control plane of a test."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local_cloud.testing.clouds import LocalCloud

CHECKOUT = Path(__file__).parents[1]
LOCAL = CHECKOUT / "inventory" / "local"
KEYS = ("AKIALOCALCLOUDTESTS0", "a-long-and-random-looking-secret")
"""An access key and its secret, for whom it does not matter which."""


def inventory(folder: Path, cloud: LocalCloud, access_key: str, secret_key: str, **settings: Any) -> Path:
    """A copy of inventory/local that leads to `cloud`, with these settings among its group variables."""
    return copied(LOCAL, folder, cloud, access_key, secret_key, **settings)


def copied(
    source: Path, folder: Path, cloud: LocalCloud, access_key: str, secret_key: str, **settings: Any
) -> Path:
    """A copy of an inventory of the local cloud; its links become files."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    own = cloud.settings
    changes = {
        "http://127.0.0.1:4580": cloud.endpoint_url,
        "http://127.0.0.1:4581": cloud.github_url,
        own.root_access_key: access_key,
        "local-cloud-accepts-any-secret-access-key": secret_key,
        "hostvars.localhost.inventory_dir ~ '/../../.local_cloud": f"'{own.state_dir}",
        "{{ hostvars.localhost.inventory_dir }}/../../.local_cloud": str(own.state_dir),
    }
    # In one go: the port of one address may begin as another address does.
    old = re.compile("|".join(map(re.escape, changes)))
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_text(old.sub(lambda found: changes[found[0]], path.read_text()))
    # Nobody answers at the addresses of these hosts: they get no certificates.
    settings = {"pipeline_https": "none"} | settings
    # The environment's own win over those in the folder `all`.
    [own_file] = (folder / "group_vars").glob("*.yml")
    own_file.write_text(yaml.safe_dump(yaml.safe_load(own_file.read_text()) | settings))
    return folder


@dataclass(frozen=True)
class Side:
    """One pipeline, by its inventory."""

    folder: Path

    def play(self, name: str, *options: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook; settings are extra variables. Nobody answers at the addresses of these hosts."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "GITHUB_"))}
        return subprocess.run(
            [
                Path(sys.executable).with_name("ansible-playbook"),
                f"--inventory={self.folder}",
                f"--extra-vars={json.dumps(settings)}",
                *options,
                f"playbooks/{name}",
            ],
            cwd=CHECKOUT,
            # A user's own region is not the pipeline's.
            env=kept
            | {"AWS_REGION": "sa-east-1", "AWS_DEFAULT_REGION": "sa-east-1"}
            # Who does not answer at once is nobody.
            | {"ANSIBLE_TIMEOUT": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
