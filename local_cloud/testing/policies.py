"""What IAM's policies mean, and how a call is refused."""

from local_cloud.aws.authorization.answers import Problem, Refusal
from local_cloud.aws.authorization.conditions import arn_like, listed

__all__ = ["Problem", "Refusal", "arn_like", "listed"]
