"""Inventories that are copies of inventory/local and lead to a control plane of a test."""

import shutil
from pathlib import Path
from typing import Any

import yaml

from local_cloud.testing.clouds import LocalCloud

LOCAL = Path(__file__).parents[1] / "inventory" / "local"


def inventory(folder: Path, cloud: LocalCloud, access_key: str, secret_key: str, **settings: Any) -> Path:
    """A copy of inventory/local that leads to `cloud`, with these settings among its group variables."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(LOCAL, folder)
    own = cloud.settings
    changes = {
        "http://127.0.0.1:4580": cloud.endpoint_url,
        "http://127.0.0.1:4581": cloud.github_url,
        own.root_access_key: access_key,
        "local-cloud-accepts-any-secret-access-key": secret_key,
        "hostvars.localhost.inventory_dir ~ '/../../.local_cloud": f"'{own.state_dir}",
        "{{ hostvars.localhost.inventory_dir }}/../../.local_cloud": str(own.state_dir),
    }
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text()
            for old, new in changes.items():
                text = text.replace(old, new)
            path.write_text(text)
    if settings:
        # Read after the files that it overrides.
        (folder / "group_vars" / "all" / "zz_settings.yml").write_text(yaml.safe_dump(settings))
    return folder
