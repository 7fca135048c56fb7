"""Many simulated agents in a process of their own, so that a thousand leave the local cloud a processor.

Usage: fleet.py ENDPOINT_URL, with the host identifiers on standard input, one a line. Every agent succeeds
at everything, but at the lifecycle event that its line names after the identifier, if there is one; the
process ends when its standard input is closed and it is terminated.
"""

import asyncio
import json
import sys
from typing import Any
from urllib.parse import urlsplit

TARGET = "CodeDeployCommandService_v20141006"


class Host:
    """One agent on one connection."""

    def __init__(self, host: str, port: int, identifier: str, fails_at: str) -> None:
        self._address = (host, port)
        self._identifier = identifier
        self._fails_at = fails_at

    async def run(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        while True:
            command = (await self._call("PollHostCommand", HostIdentifier=self._identifier)).get(
                "HostCommand"
            )
            if command:
                await self._execute(command)

    async def _execute(self, command: dict[str, Any]) -> None:
        identifier = command["HostCommandIdentifier"]
        await self._call(
            "GetDeploymentSpecification",
            DeploymentExecutionId=command["DeploymentExecutionId"],
            HostIdentifier=self._identifier,
        )
        await self._call("PutHostCommandAcknowledgement", HostCommandIdentifier=identifier)
        await self._call(
            "PutHostCommandComplete",
            HostCommandIdentifier=identifier,
            CommandStatus="Failed" if command["CommandName"] == self._fails_at else "Succeeded",
        )

    async def _call(self, operation: str, **request: str) -> dict[str, Any]:
        body = json.dumps(request)
        self._writer.write(
            f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
            f"X-Amz-Target: {TARGET}.{operation}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        answer = json.loads(await self._reader.readexactly(length))
        assert " 200 " in head.split("\r\n")[0], answer
        return dict(answer)


async def main(endpoint_url: str, lines: list[str]) -> None:
    endpoint = urlsplit(endpoint_url)
    assert endpoint.hostname
    assert endpoint.port
    async with asyncio.TaskGroup() as group:
        for line in lines:
            identifier, _, event = line.partition(" ")
            group.create_task(Host(endpoint.hostname, endpoint.port, identifier, event).run())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.stdin.read().splitlines()))
