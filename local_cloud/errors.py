"""What the local cloud can't do."""


class RefusalError(Exception):
    """The local cloud cannot do it; one line with what is in the way and what to do."""


class WorkflowError(Exception):
    """The workflow can't be run here; one line that says why."""
