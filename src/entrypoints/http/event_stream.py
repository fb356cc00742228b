"""Server-sent events (HTML Living Standard, 9.2): an answer that goes on until its source ends or its client leaves."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Final

from litestar.types import Receive, Scope, Send

from darkroom.domain.model.errors import Overloaded

EVENT_STREAM: Final = "text/event-stream"
RECONNECT_AFTER: Final = 2
"""Seconds after which a client whose stream broke off is asked to come again."""

_KEEP_ALIVE: Final = 15.0  # seconds of silence; the usual proxies cut a connection off after 30 or 60
_HEADERS: Final = (
    (b"content-type", EVENT_STREAM.encode()),
    (b"x-accel-buffering", b"no"),  # nginx, and who follows it, would keep events until their buffer is full
)


class StreamRoom:
    """At most so many streams at once."""

    def __init__(self, most: int) -> None:
        self._free = self.most = most

    @property
    def taken(self) -> int:
        """How many are open."""
        return self.most - self._free

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for the length of the block.

        Raises:
            Overloaded: there is none.
        """
        if not self._free:
            raise Overloaded("too many streams of events are open; ask for the generation instead")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


def event(name: str, event_id: str, data: bytes) -> bytes:
    """One event; `data` is a line."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), event_id.encode(), data)


class EventStream:
    """An answer, as an ASGI application. Its source gives events, and None where there is nothing new to tell."""

    def __init__(self, source: AsyncGenerator[bytes | None, None], room: StreamRoom) -> None:
        self._source, self._room = source, room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the source ends; whichever way it ends, nothing of it is left at work."""
        del scope
        async with aclosing(self._source):
            with self._room.place():
                sending, leaving = asyncio.ensure_future(self._send(send)), asyncio.ensure_future(_left(receive))
                try:
                    await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in (sending, leaving):
                        task.cancel()
                    (failure, _) = await asyncio.gather(sending, leaving, return_exceptions=True)
                if isinstance(failure, Exception):
                    raise failure

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _send_piece(send, b"retry: %d\n\n" % (RECONNECT_AFTER * 1000))
        now = asyncio.get_running_loop().time
        last = now()
        async for told in self._source:
            if told is None and now() - last < _KEEP_ALIVE:
                continue
            await _send_piece(send, told or b": still here\n\n")
            last = now()
        await _send_piece(send, b"", more=False)


async def _send_piece(send: Send, piece: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
