# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of HTTPS: the authority's directory, the files that are to be copied, and what hosts serve already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .sight import Note, there

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .wanted import Seen, Wanted

PLAIN = (
    "pipeline_https is 'none': the site is served by HTTP alone, which browsers call not secure. Set it to "
    "acme or files (docs/https.md)."
)


def way(wanted: Wanted, _seen: Seen) -> Iterator[str]:
    if wanted.https == "none":
        yield Note(PLAIN)


def directory(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found = there(seen, "acme_directory")
    if found is None:
        return
    says = f"pipeline_https_acme_directory is '{wanted.https_acme_directory}'"
    # As long as a host has a valid certificate, a run gets on without the authority.
    told = Note if any(not each["problem"] for each in _served(seen)) else str
    if problem := found.get("problem"):
        yield told(f"{says}: {problem}. Certificates come from there: check the URL and the way to it.")
    elif found.get("meta", {}).get("externalAccountRequired") and not wanted.https_acme_eab_key_id:
        yield told(
            f"{says}, which asks for an external account binding: set ACME_EAB_KEY_ID and ACME_EAB_HMAC_KEY "
            "(pipeline_https_acme_eab_key_id, pipeline_https_acme_eab_hmac_key)."
        )


def files(_wanted: Wanted, seen: Seen) -> Iterator[str]:
    for name, value, problem in there(seen, "https_files") or ():
        yield f"pipeline_https_{name} is '{value}': {problem}."


def certificates(_wanted: Wanted, seen: Seen) -> Iterator[str]:
    """What a run mends, or names again at its end: no reason to stop."""
    for each in _served(seen):
        if each["problem"]:
            yield Note(
                f"the certificate that {each['address']} serves {each['problem']}: visitors are warned of it."
            )


def _served(seen: Seen) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = there(seen, "served_certificates") or []
    return found
