"""What the pull request workflow says of a site: the program as it is run, on folders as they are written."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.agent import check as check_appspec

SITE = Path(__file__).resolve().parents[2] / "site"
SCRIPTS = SITE / ".github/scripts"
VALID = "appspec.yml, its scripts and index.html are valid\n"
HEAD = "version: 0.0\nos: linux\n"
FILES = "files:\n  - source: index.html\n    destination: /nope/html\n"
ICONS = "  - source: icons\n    destination: /nope/html/icons\n"
OTHER = "  - source: other\n    destination: /nope/html/other\n"
PERMISSION = "permissions:\n  - object: /nope/html\n"
SCRIPT = "hooks:\n  BeforeInstall:\n    - location: "
PAGE = '<!DOCTYPE html>\n<html lang="en"><head><title>T</title>{}</head><body>{}</body></html>\n'


def run(site: Path, **environment: str) -> tuple[int, str]:
    """Exit status and output; never a traceback."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / "check_site.py", site],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def bundle(folder: Path, appspec: str | bytes = HEAD + FILES + ICONS, page: str = PAGE) -> Path:
    """A small site of its own."""
    for name in ("icons", "scripts", "other"):
        (folder / name).mkdir()
    (folder / "icons/x.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "icons/a b.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "other/index.html").write_text(PAGE.format("", ""))
    (folder / "index.html").write_text(page.format("", "") if page == PAGE else page)
    script(folder / "scripts/a.sh")
    (folder / "appspec.yml").write_bytes(appspec if isinstance(appspec, bytes) else appspec.encode())
    return folder


def script(path: Path, content: bytes = b"#!/bin/sh\ntrue\n", mode: int = 0o755) -> None:
    path.write_bytes(content)
    path.chmod(mode)


AGENT_TAKES: dict[str, str | bytes] = {
    "the usual": HEAD + FILES + ICONS,
    "nothing but the head": HEAD,
    "a version without a point": "version: 0\nos: linux\n" + FILES,
    "a blank event": HEAD + FILES + "hooks:\n  BeforeInstall:\n  AfterInstall: {}\n  ApplicationStart: []\n",
    "no hooks": HEAD + FILES + "hooks:\n",
    "empty sections": HEAD + "files: {}\npermissions: {}\nhooks: {}\n",
    "a second document": HEAD + FILES + "---\n",
    "a broken second document": HEAD + FILES + "---\nx: [\n",
    "an end of document": HEAD + FILES + "...\n",
    "a tab after a value": "version: 0.0\t\nos: linux\t\n" + FILES,
    "a tab after a key": "version:\t0.0\nos:\tlinux\n" + FILES,
    "a tab before a comment": "version: 0.0\t# c\nos: linux\n" + FILES,
    "a tab in a flow": HEAD + FILES + PERMISSION + "    type: [file,\tdirectory]\n",
    "a byte order mark before a comment": "\ufeff# c\n" + HEAD + FILES,
    "a mode without quotes": HEAD + FILES + PERMISSION + "    mode: 755\n",
    "a mode of one digit": HEAD + FILES + PERMISSION + "    mode: 7\n",
    "an octal mode": HEAD + FILES + PERMISSION + "    mode: 0644\n",
    "a mode of no digit": HEAD + FILES + PERMISSION + "    mode: ''\n",
    "a symbol for a mode": HEAD + FILES + PERMISSION + "    mode: :644\n",
    "no type at all": HEAD + FILES + PERMISSION + "    type: []\n",
    "false for a type": HEAD + FILES + PERMISSION + "    type: false\n",
    "an empty pattern": HEAD + FILES + PERMISSION + "    pattern: ''\n",
    "empty acls": HEAD + FILES + PERMISSION + "    acls: {}\n",
    "acls": HEAD + FILES + PERMISSION + "    type: [file]\n    acls: ['u:nginx:rx', 'm:5']\n",
    "a range": HEAD + FILES + PERMISSION + "    context: {type: t, range: 's0-s1:c0.c3,c5'}\n",
    "a context that reaches nothing": HEAD + FILES + PERMISSION + "    pattern: ''\n    context: {type: t}\n",
    "two permissions for different types": HEAD
    + FILES
    + PERMISSION
    + "    type: [file]\n  - object: /nope/html\n    type: [directory]\n",
    "a permission that reaches nothing": HEAD
    + FILES
    + "permissions:\n  - object: /elsewhere\n    mode: '644'\n",
    "a timeout in quotes": HEAD + FILES + SCRIPT + 'scripts/a.sh\n      timeout: "300"\n',
    "a timeout with a unit": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: 300s\n",
    "a timeout with a point": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: 1.9\n",
    "a blank timeout": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout:\n",
    "a sexagesimal timeout": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: 0:30\n",
    "a script from the root": HEAD + FILES + SCRIPT + "/scripts/a.sh\n",
    "a script by a detour": HEAD + FILES + SCRIPT + "./other/../scripts/a.sh\n",
    "an event of no deployment": HEAD + FILES + "hooks:\n  BeforeInstal:\n    - location: nowhere.sh\n",
    "an unknown section": HEAD + FILES + "Resources: []\n",
    "a tag of another tool": HEAD + FILES + "Ref: !Ref x\n",
    "plain equals and merge signs": HEAD + FILES + "a: =\nb: <<\n",
    "an anchor": "version: &v 0.0\nos: linux\n" + FILES,
    "a doubled key": "os: windows\n" + HEAD + FILES,
    "retain": HEAD + FILES + "file_exists_behavior: RETAIN\n",
    "a blank behavior": HEAD + FILES + "file_exists_behavior:\n",
    "a source from the root": HEAD + "files:\n  - source: /icons/\n    destination: /nope/html\n",
    "the whole bundle": HEAD + "files:\n  - source: /\n    destination: /nope/html\n",
}
AGENT_REFUSES: dict[str, str | bytes] = {
    "nothing": "",
    "comments only": "# c\n",
    "a list": "- version: 0.0\n",
    "a text": "hello\n",
    "no YAML": HEAD + "files: [\n",
    "a tab as indentation": HEAD + "files:\n\t- source: x\n",
    "a byte order mark": "\ufeff" + HEAD + FILES,
    "UTF-16": (HEAD + FILES).encode("utf-16"),
    "a comment in Latin-1": (HEAD + FILES + "# caf\xe9\n").encode("latin-1"),
    "a comment in EUC-KR": (HEAD + FILES + "# \ud55c\uae00\n").encode("euc-kr"),
    "an alias": "version: &v 0.0\nos: linux\nx: *v\n" + FILES,
    "a date": HEAD + FILES + "made: 2026-11-22\n",
    "a class": HEAD + FILES + "made: !ruby/object:Object {}\n",
    "a version in quotes": 'version: "0.0"\nos: linux\n' + FILES,
    "another version": "version: 1.0\nos: linux\n" + FILES,
    "false for a version": "version: false\nos: linux\n" + FILES,
    "another system": "version: 0.0\nos: windows\n" + FILES,
    "a capital": "version: 0.0\nos: Linux\n" + FILES,
    "a behavior in small letters": HEAD + FILES + "file_exists_behavior: overwrite\n",
    "true for a behavior": HEAD + FILES + "file_exists_behavior: true\n",
    "an empty behavior": HEAD + FILES + 'file_exists_behavior: ""\n',
    "files as one mapping": HEAD + "files:\n  source: index.html\n  destination: /nope/html\n",
    "files as texts": HEAD + "files: [index.html]\n",
    "files as a text": HEAD + "files: index.html\n",
    "a number as a file": HEAD + "files: [1]\n",
    "a file without a source": HEAD + "files:\n  - destination: /nope/html\n",
    "a file without a destination": HEAD + "files:\n  - source: index.html\n",
    "a source that is not there": HEAD + "files:\n  - source: pictures\n    destination: /nope/html\n",
    "a source outside": HEAD + "files:\n  - source: ../x\n    destination: /nope/html\n",
    "a number as a destination": HEAD + "files:\n  - source: index.html\n    destination: 5\n",
    "a home as a destination": HEAD + "files:\n  - source: icons\n    destination: ~/html\n",
    "two sources for a file": HEAD + FILES + "  - source: other\n    destination: /nope/html\n",
    "a file and a folder in one place": HEAD
    + FILES
    + "  - source: icons\n    destination: /nope/html/index.html\n",
    "permissions as one mapping": HEAD + FILES + "permissions:\n  object: /nope/html\n  mode: '644'\n",
    "permissions as texts": HEAD + FILES + "permissions: [/nope/html]\n",
    "a permission without an object": HEAD + FILES + "permissions:\n  - mode: '644'\n",
    "no octal mode": HEAD + FILES + PERMISSION + '    mode: "888"\n',
    "a mode in letters": HEAD + FILES + PERMISSION + '    mode: "u+x"\n',
    "a mode of five": HEAD + FILES + PERMISSION + '    mode: "00644"\n',
    "an octal mode that has a nine": HEAD + FILES + PERMISSION + "    mode: 0755\n",
    "true for a mode": HEAD + FILES + PERMISSION + "    mode: true\n",
    "a type as a text": HEAD + FILES + PERMISSION + "    type: file\n",
    "zero for a type": HEAD + FILES + PERMISSION + "    type: 0\n",
    "an unknown type": HEAD + FILES + PERMISSION + "    type: [link]\n",
    "except as a text": HEAD + FILES + PERMISSION + "    except: '*.jpg'\n",
    "two permissions for a path": HEAD + FILES + PERMISSION + "  - object: /nope/html/index.html\n",
    "a pattern for a file": HEAD
    + FILES
    + "permissions:\n  - object: /nope/html/index.html\n    pattern: 'i*'\n",
    "acls as a text": HEAD + FILES + PERMISSION + "    acls: 'u:nginx:rx'\n",
    "an acl that mode is for": HEAD + FILES + PERMISSION + "    acls: ['user::rw']\n",
    "an acl of other letters": HEAD + FILES + PERMISSION + "    acls: ['u:nginx:rz']\n",
    "a default acl for files": HEAD + FILES + PERMISSION + "    acls: ['d:u:nginx:7']\n",
    "a context without a type": HEAD + FILES + PERMISSION + "    context: {range: s0}\n",
    "a context without a range": HEAD + FILES + PERMISSION + "    context: {type: t}\n",
    "a range in words": HEAD + FILES + PERMISSION + "    context: {type: t, range: zero}\n",
    "a range that falls": HEAD + FILES + PERMISSION + "    context: {type: t, range: 's0:c3.c1'}\n",
    "hooks as a list": HEAD + FILES + "hooks: []\n",
    "hooks as a text": HEAD + FILES + "hooks: ''\n",
    "an event as one mapping": HEAD + FILES + "hooks:\n  BeforeInstall:\n    location: scripts/a.sh\n",
    "an event as a text": HEAD + FILES + "hooks:\n  BeforeInstall: scripts/a.sh\n",
    "an event of texts": HEAD + FILES + "hooks:\n  BeforeInstall: [scripts/a.sh]\n",
    "a script without a location": HEAD + FILES + "hooks:\n  BeforeInstall:\n    - timeout: 300\n",
    "a script that is not there": HEAD + FILES + SCRIPT + "scripts/b.sh\n",
    "a program of the host": HEAD + FILES + SCRIPT + "/bin/true\n",
    "no time": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: 0\n",
    "a time in words": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: soon\n",
    "true for a timeout": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: true\n",
    "for ever": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: .inf\n",
    "a list as a timeout": HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: [300]\n",
}


@pytest.fixture(scope="session")
def check_site() -> Iterator[Any]:
    """The program as a module: a process for each row of the tables would take a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.syspath_prepend(SCRIPTS)
        yield importlib.import_module("check_site")


def errors(check_site: Any, site: Path, file: str) -> list[str]:
    """What is wrong with one file."""
    return [words for level, name, words in check_site.check(site) if (level, name) == ("error", file)]


def agents_cases() -> Iterator[Any]:
    for table, taken in ((AGENT_TAKES, True), (AGENT_REFUSES, False)):
        for name, appspec in table.items():
            yield pytest.param(appspec, taken, id=name)


class TestAppspec:
    """The verdicts that the real agent gave to the same files: one table for both programs."""

    @pytest.mark.parametrize("appspec", AGENT_TAKES.values(), ids=AGENT_TAKES)
    def test_what_the_agent_takes(self, tmp_path: Path, check_site: Any, appspec: str | bytes) -> None:
        assert errors(check_site, bundle(tmp_path, appspec), "appspec.yml") == []

    @pytest.mark.parametrize("appspec", AGENT_REFUSES.values(), ids=AGENT_REFUSES)
    def test_what_the_agent_refuses(self, tmp_path: Path, check_site: Any, appspec: str | bytes) -> None:
        assert errors(check_site, bundle(tmp_path, appspec), "appspec.yml")

    @pytest.mark.parametrize(("appspec", "taken"), [*agents_cases()])
    def test_check_appspec_agrees(self, tmp_path: Path, appspec: str | bytes, *, taken: bool) -> None:
        assert (not check_appspec(bundle(tmp_path, appspec)).errors) is taken

    def test_every_problem_is_one_line(self, tmp_path: Path) -> None:
        appspec = HEAD + "files: [index.html]\npermissions:\n  - object: '/a\n\n      ::b'\n    mode: 888\n"
        status, output = run(bundle(tmp_path, appspec))
        assert status == 1
        lines = output.splitlines()
        assert len(lines) == 3
        assert lines[0] == ("::error file=appspec.yml::appspec.yml: files: 'index.html' is no mapping")
        assert "%0A" in lines[1]

    def test_without_an_appspec(self, tmp_path: Path) -> None:
        (bundle(tmp_path) / "appspec.yml").rename(tmp_path / "appspec.yaml")
        assert "appspec.yml: No such file or directory" in run(tmp_path)[1]

    def test_without_libyaml_the_way_out_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "hidden/yaml").mkdir(parents=True)
        (tmp_path / "hidden/yaml/__init__.py").write_text("class Event: pass\nclass ScalarEvent: pass\n")
        (tmp_path / "site").mkdir()
        status, output = run(bundle(tmp_path / "site"), PYTHONPATH=str(tmp_path / "hidden"))
        assert status == 1
        assert "apt-get install python3-yaml" in output


class TestSurprises:
    """What the agent takes, and what its author did not mean: told, and no reason to fail."""

    @pytest.mark.parametrize(
        ("appspec", "words"),
        [
            (HEAD + FILES + "hook:\n", "'hook' is no section of an appspec: the agent ignores it"),
            (AGENT_TAKES["an event of no deployment"], "'BeforeInstal' is no event of a deployment"),
            (AGENT_TAKES["an octal mode"], "mode: 0644 is the number 420, and becomes that mode"),
            (AGENT_TAKES["the whole bundle"], "appspec.yml itself is published"),
            (
                HEAD + FILES + SCRIPT + "scripts/a.sh\n      timeout: 3601\n",
                "may take 3601 s together: at most",
            ),
            (HEAD + FILES + ICONS.replace("/nope", "nope"), "'nope/html/icons' is no absolute path"),
        ],
    )
    def test_it_is_a_warning(self, tmp_path: Path, appspec: str, words: str) -> None:
        status, output = run(bundle(tmp_path, appspec))
        [warning, said] = output.splitlines()
        assert warning.startswith("::warning file=appspec.yml::")
        assert words in warning
        assert (status, f"{said}\n") == (0, VALID)


class TestScripts:
    """What the agent finds and cannot start, as its users meet it on the host."""

    @pytest.mark.parametrize(
        ("location", "content", "words"),
        [
            ("scripts/b.sh", b"#!/bin/sh\r\ntrue\r\n", "ends its lines with CR LF"),
            ("scripts/b.sh", b"#!/bin/sh\r", "ends its lines with CR LF"),
            ("scripts/b.sh", b"#!sh\ntrue\n", "names no interpreter with its absolute path"),
            ("scripts/b.sh", b"#!\ntrue\n", "names no interpreter with its absolute path"),
            ("scripts/b c.sh", b"#!/bin/sh\n", "has ' ' in its name"),
            ("scripts/b;c.sh", b"#!/bin/sh\n", "has ';' in its name"),
            ("scripts/b$c.sh", b"#!/bin/sh\n", "has '$' in its name"),
        ],
    )
    def test_it_cannot_be_started(self, tmp_path: Path, location: str, content: bytes, words: str) -> None:
        site = bundle(tmp_path, HEAD + FILES + SCRIPT + location)
        script(site / location, content)
        status, output = run(site)
        assert status == 1
        assert f"appspec.yml: hooks: BeforeInstall: {location}" in output.replace("'scripts", "scripts")
        assert words in output

    @pytest.mark.parametrize(
        "location", ["scripts", "scripts/", "scripts/a.sh/", "scripts/gone.sh", "../a.sh"]
    )
    def test_it_is_no_file(self, tmp_path: Path, location: str) -> None:
        site = bundle(tmp_path, HEAD + FILES + SCRIPT + location)
        (site / "scripts/gone.sh").symlink_to("nowhere")
        script(tmp_path.parent / "a.sh")
        assert run(site)[0] == 1

    def test_a_link_to_what_git_forgot_is_not_mended(self, tmp_path: Path) -> None:
        site = bundle(tmp_path, HEAD + FILES + SCRIPT + "scripts/link.sh")
        (site / "scripts/link.sh").symlink_to("a.sh")
        assert run(site)[0] == 0
        (site / "scripts/a.sh").chmod(0o644)
        status, output = run(site)
        assert status == 1
        assert "scripts/link.sh is a link to what is not executable, which the agent leaves so" in output

    def test_what_git_forgot_is_told(self, tmp_path: Path) -> None:
        site = bundle(tmp_path, HEAD + FILES + SCRIPT + "scripts/a.sh")
        (site / "scripts/a.sh").chmod(0o644)
        status, output = run(site)
        assert status == 0
        assert "::warning file=appspec.yml::" in output
        assert "scripts/a.sh is not executable: the agent mends it (git update-index --chmod=+x)" in output

    def test_an_interpreter_that_is_not_here_is_told(self, tmp_path: Path) -> None:
        site = bundle(tmp_path, HEAD + FILES + SCRIPT + "scripts/b.sh")
        script(site / "scripts/b.sh", b"#!/opt/none/bin/ksh -e\n")
        status, output = run(site)
        assert status == 0
        assert "scripts/b.sh needs /opt/none/bin/ksh, which this machine does not have" in output

    def test_without_a_first_line_a_shell_runs_it(self, tmp_path: Path) -> None:
        site = bundle(tmp_path, HEAD + FILES + SCRIPT + "scripts/b.sh")
        script(site / "scripts/b.sh", b"true\n")
        assert run(site) == (0, VALID)


BODIES = {
    "an empty alt": '<img src="icons/x.jpg" alt="">',
    "an image in a figure": '<figure><img src="icons/x.jpg"><figcaption>c</figcaption></figure>',
    "param": '<object data="icons/x.jpg"><param name="a" value="b"></object>',
    "void elements": "a<br>b<br/>c<wbr>d<hr />",
    "paragraphs and items without ends": "<p>a<p>b<ul><li>x<li>y</ul>",
    "a paragraph that its parent ends": "<div><p>a</div>",
    "a table without ends": "<table><caption>c<colgroup><col><thead><tr><th>a<tbody><tr><td>1<td>2</table>",
    "a body of a table without a start": "<table><tr><td>a</td></tr></tbody></table>",
    "a list of terms": "<dl><dt>a<dd>b<dt>c<dd>d</dl>",
    "options": "<select aria-label=s><optgroup label=x><option>a<option>b</select>",
    "ruby": "<ruby>a<rp>(<rt>b<rp>)</ruby>",
    "capitals": '<P>x</P><IMG SRC="icons/x.jpg" ALT=""><A HREF="HTTPS://example.com">x</A>',
    "a text area": "<textarea aria-label=t><b></textarea>",
    "svg": '<svg><title>s</title><path d="M0 0"/><g/><use href="#a"/><use xlink:href="#a"/></svg>',
    "mathml": "<math><mi>x</mi><mspace/></math>",
    "a script that writes": '<script>if (1<2) document.write("</p>")</script>',
    "a template": "<template><tr><td>x</template>",
    "the root": '<a href="/">x</a><a href="./">x</a><a href="..">x</a>',
    "the page itself": '<a href="?p=1">x</a><a href="#top">x</a><a href="">x</a><a href="index.html#x">x</a>',
    "a folder with a page": '<a href="other/">x</a><a href="other">x</a><a href="/other/?q#f">x</a>',
    "percent-encoding": '<a href="icons/a%20b.txt">x</a><a href="%69cons/a b.jpg">x</a>',
    "other schemes": '<a href="javascript:void(0)">x</a><a href="sms:1">x</a><a href="data:,a">x</a>',
    "letters and calls": '<a href="mailto:a@b">x</a><a href="TEL:1">x</a><a href="x-app://open">x</a>',
    "other places": '<a href="//cdn.example.com/x">x</a><a href="HTTPS://example.com/y">x</a>',
    "blanks around": '<a href=" icons/x.jpg ">x</a>',
    "an entity": '<a href="index.html?a=1&amp;b=2">x</a>',
    "more dots than folders": '<a href="../../icons/./x.jpg">x</a>',
    "srcset": '<img alt="" srcset="icons/x.jpg 1x, icons/x.jpg 2x,data:image/png;base64,AA 3x">',
    "srcset without blanks": '<img alt="" srcset="icons/x.jpg, /icons/x.jpg 20w">',
    "a style": "<p style=\"background: url('icons/x.jpg')\">x</p>",
    "a comment": '<!-- <a href="gone.html"> <div> -->',
    "a link in a text": "<p>&lt;a href=gone.html&gt;</p>",
    "an end that another parser would miss": "<p title='a > b'>x</p>",
}
WHOLE = {
    "without html, head and body": "<!DOCTYPE html><title>T</title><p>x",
    "their ends alone": "<!DOCTYPE html><title>T</title></head><p>x</body></html>",
    "without an end": '<!DOCTYPE html><html lang="en"><head><title>T</title></head><body><p>x',
    "a comment first": "<!-- c -->\n<!doctype HTML>\n<title>T</title>",
    "a byte order mark": "\ufeff<!DOCTYPE html><title>T</title>",
    "another doctype": '<!DOCTYPE html SYSTEM "about:legacy-compat"><title>T</title>',
    "another doctype in other quotes": "<!doctype html system 'about:legacy-compat'><title>T</title>",
    "a less-than sign at the end": "<!DOCTYPE html><title>T</title><p>1 <",
    "a page that reads itself": '<!DOCTYPE html><meta http-equiv="refresh" content="5"><title>T</title>',
    "a page that leads elsewhere": (
        "<!DOCTYPE html><title>T</title><meta http-equiv=Refresh content=\"0; URL='other/'\">"
    ),
    "markup in the title": "<!DOCTYPE html><title>a <b> c</title>",
    "a base": '<!DOCTYPE html><base href="/icons/"><title>T</title><img src="x.jpg" alt="">',
    "a base elsewhere": '<!DOCTYPE html><base href="//example.com/"><title>T</title><img src="y.jpg" alt="">',
    "a style sheet": "<!doctype html><title>T</title><style>@import url(data:,);a {b: url( other/ )}</style>",
}
REFUSED = {
    "an image without alt": ('<img src="icons/x.jpg">', "line 2: an <img> has no alt"),
    "an open element": ("<div>x", "line 2: <div> is not closed before </body>"),
    "crossed elements": ("<b><i>x</b></i>", "line 2: <i> is not closed before </b>"),
    "an end without a start": ("</div>", "line 2: </div> closes nothing that is open"),
    "a paragraph that was ended": ("<div></div></p>", "line 2: </p> closes nothing that is open"),
    "a self-closed element of HTML": ("<div/>x", "line 2: <div> is not closed before </body>"),
    "a file that is not there": ('<img src="gone.jpg" alt="">', "refers to gone.jpg, which is not published"),
    "other letters": ('<img src="icons/X.jpg" alt="">', "refers to icons/X.jpg, which is not published"),
    "a file that is not published": ('<a href="scripts/a.sh">x</a>', "refers to scripts/a.sh, which is not"),
    "the appspec": ('<a href="/appspec.yml">x</a>', "refers to /appspec.yml, which is not published"),
    "a folder without a page": ('<a href="icons/">x</a>', "refers to icons/, which has no index.html"),
    "a file as a folder": ('<a href="icons/x.jpg/">x</a>', "refers to icons/x.jpg/, which is not published"),
    "a candidate": ('<img alt="" srcset="icons/x.jpg 1x, gone.jpg 2x">', "refers to gone.jpg, which"),
    "a poster": ('<video poster="gone.jpg"></video>', "refers to gone.jpg, which"),
    "an object": ('<object data="gone.svg"></object>', "refers to gone.svg, which"),
    "a style": ("<p style='a: url(gone.jpg)'>x</p>", "refers to gone.jpg, which"),
    "capitals": ('<A HREF="gone.html">x</A>', "refers to gone.html, which"),
    "a percent sign for a percent sign": (
        '<a href="icons/a%2520b.jpg">x</a>',
        "refers to icons/a%2520b.jpg",
    ),
    "a page that leads nowhere": (
        '<meta http-equiv="refresh" content="0;url=gone.html">',
        "refers to gone.html, which",
    ),
    "no URL": ('<a href="http://[x">x</a>', "refers to http://[x, which is no URL"),
}
REFUSED_WHOLE = {
    "nothing": ("", "is empty"),
    "blanks": (" \n\t\n", "is empty"),
    "no doctype": ("<title>T</title>", "does not begin with <!DOCTYPE html>"),
    "text before the doctype": ("x<!DOCTYPE html><title>T</title>", "does not begin with <!DOCTYPE html>"),
    "HTML 4": ('<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN"><title>T</title>', "does not begin with"),
    "no title": ("<!DOCTYPE html><p>x", "has no <title>"),
    "a blank title": ("<!DOCTYPE html><title> </title>", "has no <title>"),
    "the title of a picture": ("<!DOCTYPE html><svg><title>s</title></svg>", "has no <title>"),
    "an open comment": ("<!DOCTYPE html><title>T</title><!-- <p>x</p>", "line 1: <!-- begins a comment"),
    "an open tag": ("<!DOCTYPE html><title>T</title>\n<p>x<a href=", "line 2: <a begins a comment or a tag"),
    "an open end tag": ("<!DOCTYPE html><title>T</title>\n<b>x</b", "line 2: </b begins a comment or a tag"),
    "an open title": ("<!DOCTYPE html><title>T<p>x</p>", "<title> is not closed"),
}


class TestPage:
    """Markup as an HTML checker judges it; references as a visitor meets them."""

    @pytest.mark.parametrize(
        "page",
        [*(PAGE.format("", body) for body in BODIES.values()), *WHOLE.values()],
        ids=[*BODIES, *WHOLE],
    )
    def test_a_valid_page(self, tmp_path: Path, check_site: Any, page: str) -> None:
        site = bundle(tmp_path, HEAD + FILES + ICONS + OTHER, page)
        (site / "icons/a b.txt").touch()
        assert check_site.check(site) == []

    @pytest.mark.parametrize(
        ("page", "words"),
        [*((PAGE.format("", body), words) for body, words in REFUSED.values()), *REFUSED_WHOLE.values()],
        ids=[*REFUSED, *REFUSED_WHOLE],
    )
    def test_a_problem_is_named(self, tmp_path: Path, check_site: Any, page: str, words: str) -> None:
        site = bundle(tmp_path, HEAD + FILES + ICONS + OTHER, page)
        assert errors(check_site, site, "index.html")[0].startswith(words)

    def test_it_is_not_there(self, tmp_path: Path) -> None:
        (bundle(tmp_path) / "index.html").unlink()
        assert "index.html: does not exist: visitors would get 403" in run(tmp_path)[1]

    def test_it_is_a_folder(self, tmp_path: Path) -> None:
        (bundle(tmp_path) / "index.html").unlink()
        (tmp_path / "index.html").mkdir()
        assert "index.html: is no file: visitors would get 403 or 404" in run(tmp_path)[1]

    def test_it_is_a_link_to_nowhere(self, tmp_path: Path) -> None:
        (bundle(tmp_path) / "index.html").unlink()
        (tmp_path / "index.html").symlink_to("gone.html")
        assert "index.html: does not exist" in run(tmp_path)[1]

    def test_it_is_not_utf_8(self, tmp_path: Path) -> None:
        (bundle(tmp_path) / "index.html").write_bytes("caf\xe9".encode("latin-1"))
        assert "index.html: is not UTF-8" in run(tmp_path)[1]

    def test_what_a_parser_gives_up_on_is_no_traceback(self, tmp_path: Path) -> None:
        """Some versions of Python's parser do, others read on."""
        _, output = run(bundle(tmp_path, page="<!DOCTYPE html><title>T</title><![x[y]]><p>z</i>"))
        assert "::error file=index.html::index.html: " in output

    def test_it_is_not_published(self, tmp_path: Path) -> None:
        status, output = run(bundle(tmp_path, HEAD + "files:\n" + ICONS))
        assert status == 1
        assert "index.html: is not among the files of appspec.yml: visitors would not get it" in output


class TestPublished:
    """What hosts get is what counts: links, folders, style sheets, other pages."""

    IMAGE = PAGE.format("", '<img src="icons/y.jpg" alt="">')

    def test_a_link_to_what_is_published(self, tmp_path: Path) -> None:
        site = bundle(tmp_path, page=self.IMAGE)
        (site / "icons/y.jpg").symlink_to("x.jpg")
        assert run(site) == (0, VALID)

    @pytest.mark.parametrize("target", ["../scripts/a.sh", "gone.jpg", "y.jpg", "/etc/passwd"])
    def test_a_link_to_what_is_not(self, tmp_path: Path, target: str) -> None:
        site = bundle(tmp_path, page=self.IMAGE)
        (site / "icons/y.jpg").symlink_to(target)
        assert "refers to icons/y.jpg, which is a link to what is not published" in run(site)[1]

    def test_a_linked_folder_is_copied_with_its_content(self, tmp_path: Path) -> None:
        site = bundle(tmp_path, HEAD + FILES + ICONS.replace("source: icons", "source: pictures"))
        (site / "pictures").symlink_to("icons")
        (site / "index.html").write_text(PAGE.format("", '<img src="icons/x.jpg" alt="">'))
        assert run(site) == (0, VALID)

    def test_a_linked_folder_that_holds_itself(self, tmp_path: Path) -> None:
        site = bundle(tmp_path)
        (site / "icons/again").symlink_to(".")
        assert "again is a link to a folder that holds it" in run(site)[1]

    def test_a_style_sheet(self, tmp_path: Path) -> None:
        site = bundle(tmp_path)
        (site / "icons/a.css").write_text(
            "/* url(no.png) */ a { b: url(x.jpg), url('../icons/gone.png?v=1') } @import \"more.css\";"
        )
        status, output = run(site)
        assert status == 1
        assert [line.partition(" refers to ")[2].partition(",")[0] for line in output.splitlines()] == [
            "../icons/gone.png?v=1",
            "more.css",
        ]
        assert output.startswith("::error file=icons/a.css::icons/a.css: ")

    def test_another_page(self, tmp_path: Path) -> None:
        site = bundle(tmp_path, HEAD + FILES + OTHER)
        (site / "other/index.html").write_text('<a href="gone.html">x</a><a href="/">y</a>')
        status, output = run(site)
        assert status == 1
        assert output.startswith(
            "::error file=other/index.html::other/index.html: refers to gone.html, which"
        )

    def test_a_name_that_is_not_utf_8(self, tmp_path: Path) -> None:
        site = bundle(
            tmp_path, page=PAGE.format("", '<a href="icons/%E9.jpg">x</a><a href="icons/%E8.jpg">x</a>')
        )
        Path(os.fsdecode(os.fsencode(site) + b"/icons/\xe9.jpg")).touch()
        [line] = run(site)[1].splitlines()
        assert "refers to icons/%25E8.jpg, which is not published" in line


class TestThisSite:
    def test_it_is_valid(self) -> None:
        assert run(SITE) == (0, VALID)

    def test_nothing_is_left_behind(self) -> None:
        run(SITE)
        assert not list(SCRIPTS.rglob("__pycache__"))

    def test_a_copy_may_be_anywhere(self, tmp_path: Path) -> None:
        shutil.copytree(SITE, tmp_path / "a site")
        assert run(tmp_path / "a site/scripts/..") == (0, VALID)
