"""CloudTrail's event history: every call of AWS's API as a record, to be looked up.

`middleware` sees calls, `record` says in CloudTrail's words what a call was, `resources` what it was about,
and `history` keeps records and finds them. LookupEvents is in `aws/moto/cloudtrail.py`.
"""

from local_cloud.aws.trail.history import History
from local_cloud.aws.trail.middleware import recorded

__all__ = ["History", "recorded"]
