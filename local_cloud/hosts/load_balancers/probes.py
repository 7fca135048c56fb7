"""Health checks as they are sent: one request, or one connection, to one target."""

import asyncio
import ssl
from contextlib import suppress

from local_cloud.hosts.load_balancers.health import FAILED, PASSED, TIMED_OUT, Outcome, matches, mismatch
from local_cloud.hosts.load_balancers.model import HealthCheck

LONGEST_LINE = 8192
LONGEST_ANSWER = 2**20
USER_AGENT = "ELB-HealthChecker/2.0"


async def probe(check: HealthCheck, address: str, port: int, source: str) -> Outcome:
    """What a target says to one check, asked from the address `source`."""
    port = check.port or port
    try:
        async with asyncio.timeout(check.timeout):
            return await _ask(check, address, port, source)
    except TimeoutError:
        return TIMED_OUT
    except (OSError, ValueError, EOFError, asyncio.LimitOverrunError):
        # Refused, reset, no TLS, not HTTP.
        return FAILED


async def _ask(check: HealthCheck, address: str, port: int, source: str) -> Outcome:
    context = _unverified() if check.protocol == "HTTPS" else None
    reader, writer = await asyncio.open_connection(
        address, port, local_addr=(source, 0) if source else None, ssl=context, limit=LONGEST_LINE
    )
    try:
        if check.protocol not in {"HTTP", "HTTPS"}:
            return PASSED
        writer.write(
            f"GET {check.path} HTTP/1.1\r\nHost: {address}:{port}\r\nConnection: close\r\n"
            f"User-Agent: {USER_AGENT}\r\nAccept-Encoding: gzip, compressed\r\n\r\n".encode()
        )
        await writer.drain()
        status = await reader.readuntil(b"\n")
        version, code = status.split(None, 2)[:2]
        if not version.startswith(b"HTTP/"):
            return FAILED
        await _rest(reader)
        return PASSED if matches(int(code), check.matcher) else mismatch(int(code))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _rest(reader: asyncio.StreamReader) -> None:
    """Nobody's connection is reset while it still says something, as long as that is short."""
    for _ in range(LONGEST_ANSWER // LONGEST_LINE):
        if not await reader.read(LONGEST_LINE):
            return


def _unverified() -> ssl.SSLContext:
    """Targets' certificates are not looked at, as on AWS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
