"""Security groups that filter: from the account (`account.py`) to what is asked of a packet (`model.py`),
and from there to the kernel (`table.py`, `kernel.py`) and to words (`verdict.py`)."""
