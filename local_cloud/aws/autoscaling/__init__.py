"""Auto Scaling that lives: moto keeps groups, configurations and policies, and here is what happens in them.

`capacity` decides and knows nothing of moto; `records` is what is known of a group's instances, `health` what
is thought of them. `members` takes one instance through its lifecycle, `groups` a group towards what is asked
of it by users, by `policies` with their `alarms`, by `schedules` or by a `refresh`. `controller` does so
whenever something may have changed or a period is over. `balancers` is the door to load balancers. Nothing
here knows CodeDeploy, which puts its hooks on groups and answers them by `hooks`.
"""

from local_cloud.aws.autoscaling.options import options

__all__ = ["options", "wake"]


def wake() -> None:
    """Groups, instances or what is said of their health may have changed. Whoever calls may hold any lock."""
    options.look()
