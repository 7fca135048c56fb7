"""What a new lock brings."""

from scripts.renewal import changes, markdown

OLD = """\
ansible==12.3.0 ; python_full_version < '3.12' \\
    --hash=sha256:0
ansible==14.5.0 ; python_full_version >= '3.12' \\
    --hash=sha256:1
boto3==1.44.0 \\
    --hash=sha256:2
gone==1
"""
NEW = OLD.replace("14.5.0", "14.6.0").replace("boto3==1.44.0", "boto3==1.45.1").replace("gone==1", "come==2")


def test_each_line_of_dependencies_is_told_apart() -> None:
    assert changes(OLD, NEW) == [
        ("ansible (python_full_version >= '3.12')", "14.5.0", "14.6.0"),
        ("boto3", "1.44.0", "1.45.1"),
        ("come", "", "2"),
        ("gone", "1", ""),
    ]
    assert "| `come` | none | 2 |" in markdown(changes(OLD, NEW))


def test_nothing_new_is_said_in_a_sentence() -> None:
    assert markdown(changes(OLD, OLD)) == "Every package is the newest that fits.\n"
