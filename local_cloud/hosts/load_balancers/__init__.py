"""Load balancers that answer: from the account (`account.py`) to what is asked (`model.py`), to haproxy."""
