#!/usr/bin/env python3
"""Says how the checks went, in the job's summary and in one comment on the pull request.

Usage: report_check.py --summary FILE CHECK OUTCOME OUTPUT_FILE [CHECK OUTCOME OUTPUT_FILE ...]
The comment needs GITHUB_TOKEN with pull-requests: write. Where it has less, as for pull requests of forks,
the summary has to do. Needs Python alone.
"""

import argparse
import html
import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

Json = dict[str, Any]

MARK = "<!-- check of the site -->"
COMMAND = re.compile(r"::(error|warning) [^:]*::(.*)")
"""How check_site.py tells GitHub of a problem."""
PAGE = 100  # comments
ROOM = 20_000  # characters of one check's output; GitHub takes 65536 for a comment


@dataclass(frozen=True)
class Check:
    """One of the checks: `outcome` as GitHub calls it, and what it said."""

    name: str
    outcome: str
    output: str


def main() -> int:
    """Returns 0: whether the checks failed, their own steps say."""
    parser = argparse.ArgumentParser(description="Says how the checks went.")
    parser.add_argument("--summary", type=Path, required=True)
    parser.add_argument("checks", nargs="+", metavar="CHECK OUTCOME FILE")
    options = parser.parse_args()
    given = iter(options.checks)
    checks = [
        Check(name, outcome, read(Path(file)))
        for name, outcome, file in zip(given, given, given, strict=True)
    ]
    text = markdown(checks)
    with options.summary.open("a") as stream:
        stream.write(text)
    number = pull_request()
    if number:
        sys.stdout.write(f"{comment(number, text)}\n")
    return 0


def read(file: Path) -> str:
    """What a check has printed; nothing where it did not begin."""
    return file.read_text(errors="backslashreplace") if file.is_file() else ""


def markdown(checks: list[Check]) -> str:
    """The outcome, a table, and the words of what is not well. Whatever was printed, it is shown as it is."""
    bad = [check for check in checks if check.outcome != "success"]
    lines = [
        f"### Check of the site: {f'{len(bad)} of {len(checks)} failed' if bad else 'all is well'}",
        "",
        "| Check | Result |",
        "| --- | --- |",
        *(
            f"| {check.name} | {'✅ passed' if check not in bad else f'❌ {check.outcome}'} |"
            for check in checks
        ),
        "",
    ]
    for check in checks:
        words = COMMAND.sub(r"\1: \2", check.output).strip()[:ROOM]
        if words and (check in bad or "warning: " in words):
            lines += [
                f"<details open><summary>{check.name}</summary>",
                "",
                f"<pre>{html.escape(words)}</pre>",
            ]
            lines += ["</details>", ""]
    return "\n".join(lines)


def pull_request() -> int:
    """The number of the pull request that the job is for; 0 where there is none."""
    file = Path(os.environ.get("GITHUB_EVENT_PATH") or os.devnull)
    event = json.loads(read(file) or "{}")
    return int((event.get("pull_request") or {}).get("number", 0))


def comment(number: int, text: str) -> str:
    """Write the comment, or the one that is there anew; what came of it."""
    body = {"body": f"{MARK}\n{text}"}
    try:
        own = next((each["id"] for each in comments(number) if is_own(each)), None)
        if own is None:
            return f"commented: {call('POST', f'issues/{number}/comments', body)['html_url']}"
        return f"comment updated: {call('PATCH', f'issues/comments/{own}', body)['html_url']}"
    except urllib.error.HTTPError as error:
        # The token of a fork's pull request may read alone.
        return f"::notice::No comment: GitHub answered {error.code}. The summary of this run has the results."
    except OSError as error:
        return f"::notice::No comment: GitHub does not answer ({error})."


def comments(number: int) -> Iterator[Json]:
    """All comments, the oldest first."""
    for page in count(1):
        found = call("GET", f"issues/{number}/comments?per_page={PAGE}&page={page}")
        yield from found
        if len(found) < PAGE:
            return


def is_own(told: Json) -> bool:
    """Anybody may write the mark: only what a workflow wrote is written over."""
    return MARK in told["body"] and told["user"]["type"] == "Bot"


def call(method: str, path: str, body: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - an object, or a list of them
    """GitHub's API of this repository."""
    api, repository = os.environ["GITHUB_API_URL"], os.environ["GITHUB_REPOSITORY"]
    request = urllib.request.Request(  # noqa: S310 - GitHub's own, as it tells every job
        f"{api}/repos/{repository}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ.get('GITHUB_TOKEN', '')}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
