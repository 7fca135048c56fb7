"""BeforeInstall refuses what can't be served, while the earlier revision's page is still there."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[2] / "site"
STYLE = "./assets/bootstrap/bootstrap.min.css"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SITE, tmp_path / "site"))


def before_install(site: Path, nginx: str = "exit 0") -> subprocess.CompletedProcess[str]:
    """What the script does, in a web folder of its own. nginx and the room that there is are stand-ins."""
    programs = site.parent / "programs"
    programs.mkdir()
    df = "printf 'Filesystem Blocks Used Available Use%% On\\n/dev/x 9 0 999999 0%% /\\n'"
    for name, body in {"df": df, "nginx": nginx}.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    return subprocess.run(
        [site / "scripts/before-install.sh"],
        check=False,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "WEB": str(site.parent / "made"),
            "DEPLOYMENT_ID": "d-1",
        },
    )


def test_this_site_is_taken(site: Path) -> None:
    done = before_install(site)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (site.parent / "made").exists()


def rewrite(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(site: Path) -> None:
        text = (site / name).read_text()
        assert old in text
        (site / name).write_text(text.replace(old, new))

    return change


def replaced(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(site: Path) -> None:
        (site / name).unlink()
        make(site / name)

    return change


def unpublished(site: Path) -> None:
    rewrite("index.html", STYLE, "style.css")(site)
    (site / "style.css").touch()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda site: (site / "index.html").unlink(), "index.html is missing"),
        (replaced("index.html", Path.touch), "index.html is empty"),
        (replaced("index.html", lambda path: path.write_text(" \n\t\n")), "index.html is empty"),
        (replaced("index.html", Path.mkdir), "index.html is neither a file nor a link to one"),
        (
            replaced("index.html", lambda path: path.symlink_to("home.html")),
            "index.html is neither a file nor a link to one",
        ),
        (lambda site: shutil.rmtree(site / "icons"), "icons, a source in appspec.yml, is missing"),
        (
            lambda site: (site / "icons/new.jpg").symlink_to("nowhere"),
            "icons/new.jpg is neither a file nor a folder, nor a link to one",
        ),
        (lambda site: os.mkfifo(site / "assets/pipe"), "assets/pipe is neither a file nor a folder"),
        (rewrite("index.html", STYLE, "a.css"), "index.html needs a.css, which is missing"),
        (rewrite("index.html", STYLE, "/a/b.css?v=1#x"), "index.html needs a/b.css, which is missing"),
        (unpublished, "index.html needs style.css, which no source in appspec.yml publishes"),
        (rewrite("appspec.yml", "source: icons", "source: 'pictures' # new"), "pictures, a source"),
    ],
)
def test_what_can_not_be_served_is_refused(site: Path, change: Callable[[Path], None], words: str) -> None:
    change(site)
    done = before_install(site)
    assert done.returncode == 1
    assert done.stderr.startswith(words)
    assert done.stderr.endswith(": this revision is not installed, what was served before is still there\n")
    assert not (site.parent / "made").exists()


@pytest.mark.parametrize(
    "change",
    [
        rewrite("index.html", "</body>", '<!-- <img src="old.png"> --></body>'),
        rewrite("index.html", "</body>", '<a href="later.html">soon</a></body>'),
        rewrite("index.html", "</body>", '<img src="https://example.com/a.png" alt=""></body>'),
        rewrite("index.html", "</body>", '<img src="//example.com/a.png" alt=""></body>'),
        rewrite("index.html", "</body>", '<img src="DATA:image/png;base64,AA" alt=""></body>'),
        rewrite("index.html", "</body>", '<img src="a%20b.png" alt=""></body>'),
        rewrite("index.html", "</head>", '<link rel="canonical" href="/"><link rel="up" href="./"></head>'),
        rewrite("index.html", "<head>", '<head><base href="https://example.com/">'),
        rewrite("index.html", STYLE, f"{STYLE}?v=1"),
        rewrite("index.html", "\n", "\r\n"),
        rewrite("appspec.yml", "\n", "\r\n"),
        rewrite("appspec.yml", "source: icons", "source: /icons"),
        replaced("index.html", lambda path: path.write_text("well")),
        lambda site: (site / "icons/latest.jpg").symlink_to("ic_alana_002_20241022_a.jpg"),
    ],
)
def test_what_can_be_served_is_taken(site: Path, change: Callable[[Path], None]) -> None:
    change(site)
    done = before_install(site)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_page_is_not_replaced_where_nginx_could_not_take_it_up(site: Path) -> None:
    done = before_install(site, nginx="echo '[emerg] no such user' >&2; exit 1")
    assert done.returncode == 1
    assert done.stderr.startswith("[emerg] no such user\nnginx does not take its configuration: ")
    assert not (site.parent / "made").exists()
