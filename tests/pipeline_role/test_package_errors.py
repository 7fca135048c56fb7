"""What is said of packages that could not be brought."""

from typing import Any

import pytest

from tests.plugins import load

package_errors: Any = load("roles/pipeline/filter_plugins/packages.py").package_errors

APT = """Setting up fragile (2.0) ...
dpkg: error processing package fragile (--configure):
 installed fragile package post-installation script subprocess returned error exit status 1
Errors were encountered while processing:
 fragile"""


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (
            {
                "msg": "Failed to install some of the specified packages",
                "failures": [["error: %prein(a-2.0)  failed"]],
            },
            "error: %prein(a-2.0) failed",
        ),
        ({"msg": "Failed", "failures": ["No package b available."]}, "No package b available"),
        (
            {"msg": "'apt-get upgrade ' failed: E: Sub-process returned an error code (1)", "stdout": APT},
            (
                "dpkg: error processing package fragile (--configure);"
                " installed fragile package post-installation script subprocess returned error exit status 1;"
                " 'apt-get upgrade ' failed: E: Sub-process returned an error code (1)"
            ),
        ),
        (
            {"msg": "Depsolve Error occurred:\n nothing provides c", "failures": []},
            "Depsolve Error occurred; nothing provides c",
        ),
        ({"msg": "\nThe host\nis away"}, "The host; is away"),
        ({}, ""),
    ],
)
def test_the_cause_is_told_in_one_line(result: dict[str, object], told: str) -> None:
    assert package_errors(result) == told
