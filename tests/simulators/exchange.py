"""A request to a simulator, and what can be done to its connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import web

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on with 0 seconds: closing sends RST instead of FIN."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The correct answer, before a fault changes it."""

    body: bytes
    media_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        return web.Response(
            body=self.body, status=self.status, content_type=self.media_type, headers=dict(self.headers)
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is not answered yet.

    `elsewhere` is the origin of another host, which clients must not trust. `closing` is set
    when the simulator stops, so that faults do not wait any longer.
    """

    request: web.Request
    elsewhere: str
    closing: asyncio.Event

    def answered(self, answer: Answer) -> AnsweredExchange:
        return AnsweredExchange(self.request, self.elsewhere, self.closing, answer)

    async def pause(self, seconds: float | None) -> None:
        """Wait for `seconds`, or until the simulator stops; None waits only for that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.closing.wait()

    def write(self, data: bytes) -> None:
        """Send raw bytes, without HTTP."""
        if self.request.transport is not None:  # None if the client has disconnected
            self.request.transport.write(data)

    def close(self) -> None:
        """Close the connection with FIN, after the written data."""
        if self.request.transport is not None:
            self.request.transport.close()

    def reset(self) -> None:
        """Close the connection with RST."""
        if self.request.transport is not None:
            connection: socket.socket = self.request.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.request.transport.abort()


@dataclass(frozen=True, slots=True)
class AnsweredExchange(Exchange):
    """A request whose correct answer is known, but not sent yet."""

    answer: Answer


def url_as_sent(request: web.Request) -> str:
    """Return the URL exactly as the client sent it; `request.url` is normalised."""
    return f"http://{request.host}{request.raw_path}"
