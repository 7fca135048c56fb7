"""What a run of ansible-playbook said."""

import re

MOST_BANNERS, MOST_LINES = 45, 130
"""Of a run of site.yml that changes nothing, its host's tasks too."""


def banners(output: str) -> list[str]:
    """The tasks that were shown, in order."""
    return re.findall(r"^TASK \[(.+)\] \*+$", output, flags=re.MULTILINE)


def changes_of_tasks(output: str) -> dict[str, str]:
    """By the name of each task that changes something: all that is said of it, its diff included."""
    _, *parts = re.split(r"^TASK \[([^\]]+)\] \*+$", output, flags=re.MULTILINE)
    tasks = dict(zip(parts[::2], parts[1::2], strict=True))
    return {name: text for name, text in tasks.items() if re.search(r"^changed: \[", text, re.MULTILINE)}
