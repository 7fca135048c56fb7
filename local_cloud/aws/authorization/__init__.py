"""IAM as it bites: who calls, what a call needs, and what the account's policies say to that.

`policies` and `conditions` are the language and know nothing of an account; `account`
reads moto's; `actions` with `names` and `dependents` tell what a call needs; `gate`
puts them before the APIs.
"""

from local_cloud.aws.authorization.gate import Gate

__all__ = ["Gate"]
