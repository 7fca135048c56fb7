"""What nginx needs is found by its configuration, and what is wrong with it is named."""

import dataclasses
import http.server
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from plugins.module_utils.host_faults import read, site
from plugins.module_utils.host_faults.parse import (
    nginx_arguments,
    nginx_directives,
    nginx_error,
    nginx_needs,
)
from plugins.module_utils.host_faults.seen import Entry, Needs, Nginx, Service
from plugins.module_utils.host_faults.visit import page_problem, redirected, visit

WWW = 33
COMPILED = {
    "prefix": "/usr/share/nginx",
    "conf-path": "/etc/nginx/nginx.conf",
    "pid-path": "/run/nginx.pid",
    "error-log-path": "stderr",
    "http-log-path": "/var/log/nginx/access.log",
    "http-client-body-temp-path": "/var/lib/nginx/body",
}
CONFIG = r"""
# user nobody;
user www www-data; pid /run/nginx/nginx.pid;
error_log /var/log/site/error.log notice;
include modules.d/*.conf;
load_module modules/ngx_x.so;
http {
    include mime.types;
    log_format json '{"a;b":"$time"}' "c\"{";
    access_log /var/log/nginx/access.log json;  # written
    access_log syslog:server=unix:/dev/log;
    access_log /var/log/nginx/$host.log;
    server {
        ssl_certificate "/etc/pki/a b.pem"; ssl_certificate_key /etc/pki/key.pem;
        location ~ /\.(?!well-known/) { return 404; }
        access_log off;
    }
"""
RUNNING = Service(known=True, active=True, enabled=True, since=0)
DEAD = Service(known=True, active=False, enabled=True, since=0)


def folder(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Entry:
    return Entry(path, stat.S_IFDIR | mode, "somebody", uid, gid)


def file(path: str, size: int = 1) -> Entry:
    return Entry(path, stat.S_IFREG | 0o644, "root", size=size)


def places(*entries: Entry) -> dict[str, Entry]:
    return {entry.path: entry for entry in entries}


def needs(**fields: Any) -> Needs:
    return dataclasses.replace(Needs("www", "www", WWW, frozenset([WWW])), **fields)


class TestConfiguration:
    def test_its_directives(self) -> None:
        found = nginx_directives("a 1 'b;c' \"d}\";# e f;\nhttp { g ${h}; i {2} }j")
        assert found == [["a", "1", "b;c", "d}"], ["http"], ["g", "${h}"], ["i"], ["2"]]

    def test_what_it_needs(self) -> None:
        found = nginx_needs(nginx_directives(CONFIG), COMPILED)
        assert (found.user, found.group) == ("www", "www-data")
        assert found.files == ("/etc/nginx/mime.types", "/usr/share/nginx/modules/ngx_x.so")
        assert found.certificates == ("/etc/pki/a b.pem", "/etc/pki/key.pem")
        assert found.folders == ("/var/log/site", "/var/log/nginx", "/run/nginx")
        assert found.temporary == ("/var/lib/nginx/body",)

    def test_what_it_needs_unsaid(self) -> None:
        found = nginx_needs([], COMPILED | {"user": "nginx", "group": "web"})
        assert (found.user, found.group) == ("nginx", "web")
        assert found.folders == ("/var/log/nginx", "/run")
        assert nginx_needs([["user", "www"]], COMPILED).group == "www"

    def test_what_it_was_compiled_with(self) -> None:
        said = "nginx version: x\nconfigure arguments: --with-cc-opt='-O2 -g' --prefix=/usr"
        said += " --pid-path=/run/n.pid"
        found = nginx_arguments(said)
        assert (found["prefix"], found["pid-path"]) == ("/usr", "/run/n.pid")

    def test_included_files_are_read_too(self, tmp_path: Path) -> None:
        (tmp_path / "conf.d").mkdir()
        (tmp_path / "conf.d/a.conf").write_text("listen 80;")
        config = tmp_path / "nginx.conf"
        config.write_text("include conf.d/*.conf; include nginx.conf; include none; user www;")
        found = list(read.directives_of(config, tmp_path, set()))
        assert [each[0] for each in found] == ["include", "listen", "include", "include", "user"]


class TestNeeds:
    def test_all_well(self) -> None:
        there = places(
            folder("/"), folder("/log", 0o711), folder("/lib"), folder("/lib/own", 0o700, WWW), file("/m")
        )
        asked = needs(files=("/m",), folders=("/log",), temporary=("/lib/own",))
        assert site.of_needs(asked, there, RUNNING) == []

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"uid": None}, "there is no user www: "),
            ({"gids": None}, "there is no group www: "),
        ],
    )
    def test_its_user(self, fields: dict[str, Any], words: str) -> None:
        (found,) = site.of_needs(needs(**fields), {}, RUNNING)
        assert (found.fault, found.repair, found.user, found.reload) == (
            "nginx_user_missing",
            "make_user",
            "www",
            True,
        )
        assert found.found.startswith(words)

    def test_what_nginx_does_meanwhile(self) -> None:
        assert "goes on as it is" in site.outlook(RUNNING)
        assert site.outlook(DEAD) == "nginx does not start"

    @pytest.mark.parametrize(
        ("entry", "words"),
        [
            (None, "/m is missing"),
            (file("/m", 0), "/m is empty"),
            (folder("/m"), "/m is no file"),
            (Entry("/m", stat.S_IFLNK | 0o777, "root"), "/m is a link to nowhere"),
        ],
    )
    def test_files(self, entry: Entry | None, words: str) -> None:
        there = places(entry) if entry else {}
        (found,) = site.of_needs(needs(files=("/m",), packages={"/m": "core"}), there, RUNNING)
        assert (found.fault, found.paths) == ("nginx_files_missing", ("/m",))
        assert (found.repair, found.cure) == ("reinstall_files", "core installed anew")
        assert found.found.startswith(words)
        (found,) = site.of_needs(needs(files=("/m",), packages={"/m": ""}), there, RUNNING)
        assert (found.fault, found.repair) == ("nginx_files_missing", "")

    @pytest.mark.parametrize(
        ("asked", "there", "words", "made"),
        [
            ({"folders": ("/v/log",)}, [folder("/")], "/v is missing", ("/v/log",)),
            ({"folders": ("/v/log",)}, [folder("/"), folder("/v")], "/v/log is missing", ("/v/log",)),
            ({"temporary": ("/v/own",)}, [folder("/")], "/v is missing", ("/v",)),
            # Nginx makes it itself, and gives it to its workers.
            ({"temporary": ("/v/own",)}, [folder("/"), folder("/v")], "/v/own is missing", ()),
            ({"folders": ("/v",)}, [folder("/"), folder("/v", 0o700)], "/v is closed to www", ("/v",)),
            (
                {"folders": ("/v",)},
                [folder("/"), folder("/v", 0o700, 9, WWW)],
                "/v is closed to www",
                ("/v",),
            ),
        ],
    )
    def test_folders(self, asked: Any, there: list[Entry], words: str, made: tuple[str, ...]) -> None:
        (found,) = site.of_needs(needs(**asked), places(*there), RUNNING)
        assert (found.fault, found.repair, found.paths) == ("nginx_folders_wrong", "make_folders", made)
        assert found.found.startswith(words)

    @pytest.mark.parametrize("mode", [stat.S_IFREG, stat.S_IFLNK])
    def test_what_stands_where_a_folder_should_be_is_somebodys(self, mode: int) -> None:
        there = places(folder("/"), Entry("/v", mode | 0o777, "root"))
        (found,) = site.of_needs(needs(folders=("/v",)), there, DEAD)
        assert (found.fault, found.repair) == ("nginx_folders_wrong", "")

    @pytest.mark.parametrize("mode", [0o710, 0o070])
    def test_folders_that_the_workers_group_opens(self, mode: int) -> None:
        there = places(folder("/"), folder("/v", mode, 9, WWW))
        assert site.of_needs(needs(folders=("/v",)), there, RUNNING) == []

    def test_a_certificate(self) -> None:
        (found,) = site.of_needs(needs(certificates=("/c.pem",)), {}, RUNNING)
        assert (found.fault, found.repair) == ("nginx_certificate_missing", "")
        assert "/c.pem is missing" in found.found

    def test_a_program_whose_package_is_there(self) -> None:
        nginx = judge_nginx(program=False, package="nginx-core")
        assert nginx.repair == "reinstall_files"
        assert judge_nginx(program=False, package="").fault == "nginx_not_installed"


def judge_nginx(**fields: Any) -> Any:
    (found,) = site.of_nginx("", 80, Nginx(service=DEAD, **fields), {})
    return found


class TestWayToPage:
    SITE = (folder("/"), folder("/srv"), folder("/srv/www"), file("/srv/www/index.html"))

    def look(self, *changed: Entry, without: tuple[str, ...] = ()) -> list[tuple[str, str, tuple[str, ...]]]:
        there: Mapping[str, Entry] = {
            path: entry for path, entry in places(*self.SITE, *changed).items() if path not in without
        }
        found = site.of_way_to_page("/srv/www", ("/", "/srv", "/home/me"), needs(), there)
        return [(each.fault, each.repair, each.paths) for each in found]

    def test_all_well(self) -> None:
        assert self.look() == []

    @pytest.mark.parametrize(
        "page",
        [
            file("/srv/www/index.html", 0),
            folder("/srv/www/index.html"),
            Entry("/srv/www/index.html", stat.S_IFLNK, ""),
        ],
    )
    def test_no_page(self, page: Entry) -> None:
        missing = [("page_missing", "", ("/srv/www/index.html",))]
        assert self.look(page) == missing
        assert self.look(without=("/srv/www/index.html",)) == missing

    def test_no_document_root(self) -> None:
        found = self.look(without=("/srv/www", "/srv/www/index.html"))
        assert [each[:2] for each in found] == [("root_missing", "make_folder"), ("page_missing", "")]
        found = self.look(file("/srv/www"), without=("/srv/www/index.html",))
        assert [each[:2] for each in found] == [("root_missing", ""), ("page_missing", "")]

    def test_a_closed_folder_on_the_way(self) -> None:
        assert self.look(folder("/srv", 0o750)) == [("root_closed", "open_folders", ("/srv",))]
        assert self.look(folder("/srv", 0o750, gid=WWW)) == []

    def test_a_home_is_not_opened(self) -> None:
        assert self.look(folder("/home/me", 0o700)) == [("root_closed", "", ("/home/me",))]
        assert site.is_private("/root")
        assert not site.is_private("/home")


class TestReading:
    def test_places_folder_by_folder_also_behind_links(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "real/index.html").write_text("x")
        (tmp_path / "site").symlink_to("real")
        (tmp_path / "none").symlink_to("nowhere")
        found = read.places_of(f"{tmp_path}/site", needs(folders=(f"{tmp_path}/none",)))
        assert {"/", str(tmp_path), f"{tmp_path}/real", f"{tmp_path}/site"} <= found.keys()
        assert stat.S_ISDIR(found[f"{tmp_path}/site"].mode)
        assert stat.S_ISLNK(found[f"{tmp_path}/none"].mode)
        assert found[f"{tmp_path}/site/index.html"].size == 1
        way = read.way_to_page(f"{tmp_path}/site")
        assert f"{tmp_path}/real" in way
        assert f"{tmp_path}/site" not in way

    def test_who_somebody_is(self) -> None:
        assert read.identity("root", "root") == (0, frozenset([0]))
        assert read.identity("root", "") == (0, frozenset([0]))
        assert read.identity("no-such-user", "root")[0] is None
        assert read.identity("root", "no-such-group")[1] is None

    @pytest.mark.parametrize(
        ("answer", "package"),
        [
            ((0, "nginx-common: /etc/nginx/mime.types\n", ""), "nginx-common"),
            ((1, "", "no path found"), ""),
        ],
    )
    def test_which_package_brought_a_file(
        self, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, str], package: str
    ) -> None:
        monkeypatch.setattr(read, "PATH", "/none")
        assert read.package_of("/etc/nginx/mime.types", lambda _: answer) == package


class TestVisit:
    @pytest.fixture
    def serving(self) -> Iterator[Callable[..., int]]:
        """`serving(status, body, headers)` serves that; returns its port."""
        servers = []

        def serve(status: int, body: bytes = b"", **headers: str) -> int:
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    moved = headers.get("Location") if self.path == "/" else None
                    self.send_response(status if moved or not headers.get("Location") else 200)
                    for name, value in headers.items():
                        self.send_header(name.replace("_", "-"), value)
                    self.end_headers()
                    self.wfile.write(body + (self.headers["Host"] or "").encode() if body else b"")

                def log_message(self, *_: Any) -> None:
                    pass

            server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.append(server)
            return server.server_port

        yield serve
        for server in servers:
            server.shutdown()
            server.server_close()

    def test_a_page_by_its_name(self, serving: Callable[..., int]) -> None:
        port = serving(200, b"<p>hello ", Content_Type="text/html")
        seen = visit("127.0.0.1", port, "www.example.com", "hello www.example.com", use_proxy=False)
        assert (seen.status, seen.problem, seen.unanswered) == (200, "", "")
        assert site.visit_problem(seen) == ""
        seen = visit("127.0.0.1", port, "_", "www.example.com", use_proxy=False)
        assert site.visit_problem(seen) == f'http://127.0.0.1:{port}/ answers without "www.example.com"'

    @pytest.mark.parametrize("status", [403, 404, 500, 503])
    def test_no_page(self, serving: Callable[..., int], status: int) -> None:
        seen = visit("127.0.0.1", serving(status, b"x"), "", "", use_proxy=False)
        assert site.visit_problem(seen).endswith(f"/ answers {status}")

    def test_nobody(self) -> None:
        seen = visit("127.0.0.1", 9, "", "", use_proxy=False)
        assert seen.status == 0
        assert "refused" in site.visit_problem(seen)

    def test_redirects_are_followed_to_the_same_address(self, serving: Callable[..., int]) -> None:
        port = serving(301, b"well", Content_Type="text/html", Location="/there")
        seen = visit("127.0.0.1", port, "", "well", use_proxy=False)
        assert (seen.status, seen.problem, seen.url) == (200, "", f"http://127.0.0.1:{port}/there")

    @pytest.mark.parametrize(
        ("url", "location", "there"),
        [
            ("http://192.0.2.7/", "https://www.example.com/", "https://192.0.2.7/"),
            ("http://192.0.2.7:8080/", "https://www.example.com:8443/a?b", "https://192.0.2.7:8443/a?b"),
            ("http://192.0.2.7:8080/", "/a", "http://192.0.2.7:8080/a"),
        ],
    )
    def test_where_a_redirect_leads(self, url: str, location: str, there: str) -> None:
        assert redirected(url, location) == there

    def test_what_is_wrong_with_a_page(self) -> None:
        assert page_problem("text/html; charset=utf-8", b"<p>a", "a") == ""
        assert page_problem("text/html", b" \n", "") == "with an empty page"
        assert "application/octet-stream" in page_problem("application/octet-stream", b"a", "a")
        assert page_problem("text/html", b"<p>a", "b") == 'without "b"'

    def test_what_nginx_says_meanwhile(self) -> None:
        log = "2026/11/28 06:18:00 [notice] 1#1: x\n"
        said = '[error] 7#7: *9 open() "/srv/a" failed (13: Permission denied)'
        log += f"2026/11/28 06:18:01 {said}, client: 192.0.2.7, server: _\n"
        assert nginx_error(log) == said
        assert nginx_error("") == ""


def test_one_truth_of_endpoints(codedeploy_agent_info: ModuleType) -> None:
    from plugins.module_utils.codedeploy.endpoints import commands_host
    from plugins.module_utils.host_faults.parse import address_of_aws

    for region, domain in {"eusc-de-east-1": "amazonaws.eu", "us-iso-east-1": "c2s.ic.gov"}.items():
        host = f"codedeploy-commands.{region}.{domain}"
        assert address_of_aws(region, "", {}) == ("CodeDeploy's endpoint", host, 443)
        assert commands_host(region) == host
        assert codedeploy_agent_info.bucket_url(region).endswith(f".{domain}")


def test_what_is_the_sites_stays_when_a_package_brings_its_own(
    package_files: ModuleType, tmp_path: Path
) -> None:
    page = tmp_path / "icons" / "index.html"
    page.parent.mkdir()
    page.write_text("the site's")
    page.chmod(0o640)
    kept = package_files.contents(tmp_path)
    page.unlink()
    page.write_text("nginx's own")

    package_files.restore(kept)

    assert (page.read_text(), stat.S_IMODE(page.stat().st_mode)) == ("the site's", 0o640)
    assert list(page.parent.iterdir()) == [page]


def test_an_empty_file_is_not_whole(package_files: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "full").write_text("x")
    assert [package_files.is_whole(tmp_path / name) for name in ("none", "empty", "full")] == [
        False,
        False,
        True,
    ]
