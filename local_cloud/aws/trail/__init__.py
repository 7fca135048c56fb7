"""CloudTrail's event history: every call of AWS's API as a record, to be looked up.

`middleware` sees calls, `acts` is told of those that services make by themselves, `record` says in
CloudTrail's words what a call was, `resources` what it was about, and `history` keeps records and finds
them. LookupEvents is in `aws/moto/cloudtrail.py`.
"""

from local_cloud.aws.trail.acts import Act, Tell, keeping, untold
from local_cloud.aws.trail.history import History
from local_cloud.aws.trail.middleware import recorded

__all__ = ["Act", "History", "Tell", "keeping", "recorded", "untold"]
