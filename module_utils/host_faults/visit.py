# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks for the page as a visitor does, at an address that is given instead of looked up."""

from __future__ import annotations

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ansible.module_utils.urls import open_url

from .seen import Visit

TIMEOUT = 5
MOST_REDIRECTS = 5
MOST_BYTES = 4 * 1024 * 1024
REDIRECTS = (301, 302, 303, 307, 308)


def visit(address: str, port: int, server_name: str, text: str, *, use_proxy: bool) -> Visit:
    """The site's first page at an address; redirects are followed to that address.

    A certificate is not looked into: what it names is the site, not the address.
    """
    headers = {"Host": server_name} if server_name.strip("_") else {}
    url = f"http://{address}/" if port == 80 else f"http://{address}:{port}/"  # noqa: PLR2004 - HTTP's
    for _ in range(MOST_REDIRECTS):
        try:
            answer = open_url(
                url,
                headers=headers,
                use_proxy=use_proxy,
                timeout=TIMEOUT,
                validate_certs=False,
                follow_redirects="none",
            )
            kind, body = answer.headers.get("Content-Type", ""), answer.read(MOST_BYTES)
        except HTTPError as error:
            if error.code not in REDIRECTS:
                return Visit(url, status=error.code)
            url = redirected(url, error.headers.get("Location", ""))
        except (OSError, HTTPException) as error:
            return Visit(url, unanswered=str(getattr(error, "reason", error)) or type(error).__name__)
        except OverflowError:
            return Visit(url, unanswered=f"{urlsplit(url).netloc.rpartition(':')[2]} is no TCP port")
        else:
            return Visit(url, status=answer.status, problem=page_problem(kind, body, text))
    return Visit(url, unanswered=f"more than {MOST_REDIRECTS} redirects")


def redirected(url: str, location: str) -> str:
    """Where a redirect leads, at the address of `url`."""
    here, there = urlsplit(url), urlsplit(location)
    address = here.netloc if not there.scheme else str(here.hostname)
    port = f":{there.port}" if there.port else ""
    query = f"?{there.query}" if there.query else ""
    return f"{there.scheme or here.scheme}://{address}{port}{there.path or '/'}{query}"


def page_problem(kind: str, body: bytes, text: str) -> str:
    """What is wrong with a page, "" = nothing. `text` is what it has to have in it."""
    if not body.strip():
        return "with an empty page"
    if not kind.startswith("text/html"):
        return f"with {kind or 'no type'}, which browsers do not show as a page"
    if text not in body.decode(errors="replace"):
        return f'without "{text}"'
    return ""
