"""What accounts and runs have of their own, replaced by words, so that two runs can be compared."""

import re

OWN = (
    (
        r"\b(i|eipalloc|eipassoc|sg|sgr|vol|eni|r|key|ami|subnet|vpc|aki|eni-attach)-[0-9a-f]{8,}",
        r"\1-NUMBER",
    ),
    (r"\b(?:[0-9a-f]{2}:){5,}[0-9a-f]{2}\b|\b[0-9a-f]{32}\b|\b[A-Z0-9]{22}\b", "NUMBER"),
    (r"\b(?:A[A-Z]{3}[A-Z0-9]{12,}|[a-z0-9]{20})\b", "IDENTIFIER"),
    (r"\b\d+\.\d+\.\d+\.\d+(?::\d+)?\b", "ADDRESS"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.+:Z]*", "TIME"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"\bd-[A-Z0-9]{9}\b", "d-NUMBER"),
    (r"\b\d+#\d+: |\bpid \d+\b", "PROCESS "),
    (r"seconds +\d+", "SECONDS"),
)


def without_own(text: str) -> str:
    """The text with words for ids, addresses, times and keys."""
    for pattern, name in OWN:
        text = re.sub(pattern, name, text)
    return text
