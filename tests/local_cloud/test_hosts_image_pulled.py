"""Hosts of a container image that the engine pulls, here from an archive."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.hosts import image
from local_cloud.settings import Settings
from tests.local_cloud.host_clouds import CHECKOUT, Cloud, network_with_images

pytestmark = pytest.mark.long
OURS = (
    "./etc/systemd/system/*",
    "./usr/libexec/local-cloud",
    "./usr/bin/cloud-init",
    "./var/lib/local-cloud",
)
"""What of the likeness a container image does not have."""
MOTD = "pulled from an archive\n"


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


@pytest.fixture
def reference(tmp_path: Path) -> str:
    """A container image with the programs of a host, and nothing else that makes one."""
    tree = image.ensure(Settings(), lambda _: None).root
    layer = tmp_path / "layer.tar"
    left_out = [f"--exclude={path}" for path in (*OURS, "./etc/motd")]
    subprocess.run(["tar", "--create", f"--file={layer}", *left_out, f"--directory={tree}", "."], check=True)
    with tarfile.open(layer, "a") as archive:
        add(archive, "./etc/motd", MOTD.encode())
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{digest}"]}
    configuration = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}
    manifest = [{"Config": "config.json", "RepoTags": ["pulled:test"], "Layers": ["layer.tar"]}]
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        add(archive, "manifest.json", json.dumps(manifest).encode())
        add(archive, "config.json", json.dumps(configuration).encode())
        archive.add(layer, "layer.tar")
    layer.unlink()
    return f"docker-archive:{tmp_path / 'image.tar'}"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path / "state")
    with network_with_images():
        yield cloud
        cloud.run("stop")


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    yield
    for made in (Settings().cache_dir / "images").glob("pulled-*"):
        shutil.rmtree(made)


def test_a_host_boots_from_an_image_that_is_pulled(cloud: Cloud, reference: str) -> None:
    cloud.start(f"--host-image={reference}")
    address = cloud.launch()[0]["PrivateIpAddress"]
    assert cloud.ssh(address, "cat /etc/motd") == MOTD
    assert cloud.ssh(address, "sudo --non-interactive id --user").strip() == "0"
    cloud.ssh(address, "curl --silent --show-error --output /dev/null https://github.com")
    state = cloud.ssh(address, "cloud-init status --wait >/dev/null; systemctl is-system-running")
    assert state.strip() == "running"


def test_an_image_that_can_not_be_pulled_is_named_with_the_way_out(tmp_path: Path) -> None:
    archive = f"docker-archive:{tmp_path / 'none.tar'}"
    arguments = ["start", "--aws-port=0", "--github-port=0", f"--state-dir={tmp_path / 'state'}"]
    with network_with_images():
        refused = subprocess.run(
            [sys.executable, "-m", "local_cloud", *arguments, f"--host-image={archive}"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        Cloud(tmp_path / "state").run("stop")
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert f"no host image can be made of {archive} (podman pull: " in last
    assert "without --host-image it is made of this machine's packages" in last
