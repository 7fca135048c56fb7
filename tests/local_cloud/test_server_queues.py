"""SQS's long polls beside other calls."""

import threading
import time
from collections.abc import Callable
from typing import Any

MakeClient = Callable[..., Any]


class TestLongPoll:
    def test_gets_what_is_sent_meanwhile_and_holds_up_nobody(self, client: MakeClient) -> None:
        sqs = client("sqs")
        queue = sqs.create_queue(QueueName="actions")["QueueUrl"]
        received: list[Any] = []

        def poll() -> None:
            found = client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20)
            received.extend(found.get("Messages", []))

        began = time.monotonic()
        thread = threading.Thread(target=poll)
        thread.start()
        # Each of these would wait for the poll's end, were it to hold moto for itself.
        for _ in range(5):
            client("ec2").describe_instances()
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
        thread.join(timeout=20)

        assert [each["Body"] for each in received] == ["hello"]
        assert time.monotonic() - began < 20

    def test_ends_without_a_message_when_its_time_is_over(self, client: MakeClient) -> None:
        sqs = client("sqs")
        queue = sqs.create_queue(QueueName="patient", Attributes={"ReceiveMessageWaitTimeSeconds": "1"})[
            "QueueUrl"
        ]
        began = time.monotonic()

        assert "Messages" not in sqs.receive_message(QueueUrl=queue)
        assert time.monotonic() - began >= 1
