"""Every molecule scenario in the warm interpreter and without it, and what their tasks' results differ in.

    python -m tests.molecule.both_ways [SCENARIO ...]

Compared are, of each task on each host, how it ended, whether it changed something, its message, its diff
and the names of what it returned, without what each run has of its own (ids, addresses, times). What a
message says of several hosts is compared in any order: it is that of their ids.
Ends with 1 where a scenario fails or a result differs.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.warm.plain import without_own

CHECKOUT = Path(__file__).resolve().parents[2]
CALLBACKS = f"{CHECKOUT}/tests/warm/callbacks:{CHECKOUT}/callback_plugins"  # from any folder
COMPARED = ("changed", "failed", "skipped", "msg", "diff", "rc", "exception")


def recorded(scenarios: Sequence[str], warm: bool) -> list[str]:
    """The results of a run of the scenarios, a line each. Raises CalledProcessError where one fails."""
    chosen = [f"--scenario-name={each}" for each in scenarios] or ["--all"]
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as results:
        given = {"PIPELINE_WARM": str(warm), "ANSIBLE_CALLBACK_PLUGINS": CALLBACKS, "RECORDED": results.name}
        subprocess.run(["molecule", "test", *chosen], cwd=CHECKOUT, env=os.environ | given, check=True)
        return [told(json.loads(line)) for line in results]


def told(result: tuple[str, str, str, dict[str, Any]]) -> str:
    """What is compared of a result."""
    how, host, task, returned = result
    compared = {name: returned[name] for name in COMPARED if name in returned}
    if isinstance(compared.get("msg"), str):
        compared["msg"] = sorted(re.split(r"\n|, |: ", without_own(compared["msg"])))
    line = json.dumps([task, host, how, compared, sorted(returned)], sort_keys=True)
    return re.sub(r"/tmp/\S+", "TEMPORARY", without_own(line))  # noqa: S108 - read, and never opened


def main() -> int:
    """Print what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("scenarios", nargs="*", help="those to run (all)")
    options = parser.parse_args()
    try:
        warm, ordinary = (Counter(recorded(options.scenarios, warm=way)) for way in (True, False))
    except subprocess.CalledProcessError as error:
        print(f"both ways: {' '.join(error.cmd)} ended with {error.returncode}", file=sys.stderr)
        return 1
    for way, only in (("warm", warm - ordinary), ("ordinary", ordinary - warm)):
        for line in only.elements():
            print(f"only {way}: {line}")
    print(f"both ways: {warm.total()} and {ordinary.total()} results")
    return int(warm != ordinary)


if __name__ == "__main__":
    sys.exit(main())
