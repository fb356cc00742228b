"""Measure the outcome of a shape: a good request behind it shows whether the connection survived."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from integration.edge.shapes import Shape
from servers.ports import LOOPBACK

LAST = b"GET /health/live HTTP/1.1\r\nHost: darkroom\r\nX-Request-ID: last\r\nConnection: close\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


async def outcome(port: int, token: str, shape: Shape) -> str:
    """The outcome of a shape, in the words of `Shape.outcome`."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    answers = bytearray()
    with suppress(ConnectionError):  # the service may close before it has read all our bytes: what it sent counts
        writer.write(shape.wire.replace(b"%TOKEN%", token.encode()) + LAST)
        while piece := await reader.read(65_536):
            answers += piece
    writer.close()
    statuses = statuses_in(answers)
    survived = b"x-request-id: last\r\n" in answers
    if survived:
        return " ".join(statuses[:-1])
    if b'"about:blank"' in answers:
        return " ".join([*statuses[:-1], f"refused ({statuses[-1]})"])
    return " ".join([*statuses, "closed"])


def statuses_in(answers: bytes | bytearray) -> list[str]:
    """The statuses of the answers on a connection."""
    return [status.decode() for status in _STATUS.findall(answers)]
