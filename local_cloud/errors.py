"""What the local cloud refuses to do."""


class RefusalError(Exception):
    """The local cloud cannot do it; one line with what is in the way and what to do."""
