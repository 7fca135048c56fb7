# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What topics and queues are told of lifecycle actions and activities, in the shape of recorded messages."""

import json
import logging
from typing import Any
from uuid import uuid4

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from requests import RequestException
from werkzeug.exceptions import HTTPException

from local_cloud.aws.autoscaling.records import LAUNCHING, Action, Activity, Member, Message, known

LOG = logging.getLogger(__name__)
WORDS = {
    "EC2_INSTANCE_LAUNCH": "launch",
    "EC2_INSTANCE_TERMINATE": "termination",
    "EC2_INSTANCE_LAUNCH_ERROR": "failed launch",
    "EC2_INSTANCE_TERMINATE_ERROR": "failed termination",
}
"""Type of a notification -> its word in a subject. Those of failures are inferred."""


def base(group: Any) -> dict[str, Any]:
    return {
        "AccountId": group.account_id,
        "RequestId": str(uuid4()),
        "AutoScalingGroupARN": group.arn,
        "AutoScalingGroupName": group.name,
        "Service": "AWS Auto Scaling",
        "Time": _time(utcnow()),
    }


def _time(moment: Any) -> str:
    return f"{moment.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def of_action(group: Any, member: Member, action: Action) -> Message:
    """To the target of a lifecycle hook."""
    hook = action.hook
    launches = hook.lifecycle_transition == LAUNCHING
    body = {key: value for key, value in base(group).items() if key != "AutoScalingGroupARN"} | {
        "LifecycleHookName": hook.name,
        "LifecycleTransition": hook.lifecycle_transition,
        "LifecycleActionToken": action.token,
        "EC2InstanceId": member.instance_id,
        "Origin": "EC2" if launches else "AutoScalingGroup",
        "Destination": "AutoScalingGroup" if launches else "EC2",
    }
    if hook.notification_metadata:
        body["NotificationMetadata"] = hook.notification_metadata
    word = hook.lifecycle_transition.rpartition("_")[2]
    return Message(
        target_arn=str(hook.notification_target_arn),
        subject=f"Auto Scaling:  Lifecycle action '{word}' for instance {member.instance_id} in progress.",
        body=body,
    )


def of_activity(group: Any, kind: str, activity: Activity, instance_id: str) -> None:
    """To every topic that the group's notifications of this kind name."""
    found = known(group.autoscaling_backend)
    for name, topic, wanted in found.notifications:
        if (name, wanted) == (group.name, f"autoscaling:{kind}"):
            found.outbox.append(
                Message(
                    target_arn=topic,
                    subject=f'Auto Scaling: {WORDS[kind]} for group "{group.name}"',
                    body=_told(group, kind, activity, instance_id),
                )
            )


def _told(group: Any, kind: str, activity: Activity, instance_id: str) -> dict[str, Any]:
    return base(group) | {
        "Progress": activity.progress,
        "Description": activity.description,
        "RequestId": activity.activity_id,
        "ActivityId": activity.activity_id,
        "StartTime": _time(activity.start_time),
        "EndTime": _time(activity.end_time or utcnow()),
        "EC2InstanceId": instance_id,
        "StatusCode": activity.status_code,
        "StatusMessage": activity.status_message or "",
        "Details": json.loads(activity.details),
        "Cause": activity.cause,
        "Event": f"autoscaling:{kind}",
    }


def send(backend: Any, message: Message) -> None:
    """To a topic or a queue. What is gone, closed or does not answer disturbs nothing."""
    _, _, service, region, account, name = message.target_arn.split(":", 5)
    if account != backend.account_id:
        # Another account's queue, as CodeDeploy's own is.
        return
    text = json.dumps(message.body)
    try:
        if service == "sqs":
            sqs_backends[account][region].send_message(name, text)
        else:
            sns_backends[backend.account_id][region].publish(
                arn=message.target_arn, subject=message.subject[:100], message=text
            )
    except (ServiceException, HTTPException, RequestException) as error:
        LOG.warning("%s could not be notified: %s", message.target_arn, type(error).__name__)
