"""One request at a simulator and what can be done to its connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import web

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: closing sends RST instead of FIN."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An honest answer, before a fault gets hold of it."""

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
    """A request that is still to be answered.

    `elsewhere` is the origin of a second listener of the same simulator, which no client was told to trust.
    `closing` is set when the simulator stops, so that nothing keeps waiting.
    """

    request: web.Request
    elsewhere: str
    closing: asyncio.Event

    def answered(self, answer: Answer) -> AnsweredExchange:
        return AnsweredExchange(self.request, self.elsewhere, self.closing, answer)

    async def pause(self, seconds: float | None) -> None:
        """Waits that long; with `None` until the simulator stops."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.closing.wait()

    def write(self, data: bytes) -> None:
        """Sends bytes as they are, past all HTTP."""
        if self.request.transport is not None:  # else the client has gone before us
            self.request.transport.write(data)

    def close(self) -> None:
        """Ends the connection with FIN, after what has been written."""
        if self.request.transport is not None:
            self.request.transport.close()

    def reset(self) -> None:
        """Ends the connection with RST."""
        if self.request.transport is not None:
            connection: socket.socket = self.request.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.request.transport.abort()


@dataclass(frozen=True, slots=True)
class AnsweredExchange(Exchange):
    """A request whose honest answer is known and has not been sent."""

    answer: Answer


def url_as_sent(request: web.Request) -> str:
    """What the client asked for, character by character: `request.url` is already tidied up."""
    return f"http://{request.host}{request.raw_path}"
