"""Server-sent events (HTML Living Standard, 9.2): a stream ends with its source, or when its client disconnects."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Final

from litestar.types import Receive, Scope, Send

from darkroom.domain.model.errors import Overloaded
from darkroom.entrypoints.http.edge import HEAD

EVENT_STREAM: Final = "text/event-stream"
RECONNECT_AFTER: Final = 2
"""Seconds after which a client whose stream broke off should reconnect (the field `retry`)."""

_KEEP_ALIVE: Final = 15.0  # seconds of silence; common proxies close a connection after 30 or 60
_PIECE: Final = 2**16  # most bytes that are sent at once: the server buffers what a slow client has not read
_HEADERS: Final = (
    (b"content-type", EVENT_STREAM.encode()),
    (b"x-accel-buffering", b"no"),  # nginx, and proxies like it, would hold events back until their buffer is full
)


class StreamRoom:
    """Limits the streams that are open at once to `most`, shared fairly among callers.

    While there is room, one caller may use all of it. If it is full, a new stream of a caller with fewer streams ends
    the oldest stream of the caller with the most; the client of that one reconnects by itself.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        # For each caller, the events that end its streams early, oldest stream first.
        self._places: dict[str, dict[asyncio.Event, None]] = {}

    @property
    def taken(self) -> int:
        """The number of open streams."""
        return sum(map(len, self._places.values()))

    @contextmanager
    def place(self, caller: str) -> Iterator[asyncio.Event]:
        """Hold a place within the block; the event that it yields is set if the stream must end early.

        Raises:
            Overloaded: no place is free, and the caller's share is used up.
        """
        if self.taken >= self.most:
            self._make_room(caller)
        given_up = asyncio.Event()
        self._places.setdefault(caller, {})[given_up] = None
        try:
            yield given_up
        finally:
            self._leave(caller, given_up)

    def _make_room(self, caller: str) -> None:
        most = max(self._places, key=lambda one: len(self._places[one]), default=caller)
        if len(self._places.get(most, ())) <= len(self._places.get(caller, ())) + 1:
            raise Overloaded("too many streams of events are open; ask for the generation instead")
        given_up = next(iter(self._places[most]))
        self._leave(most, given_up)
        given_up.set()

    def _leave(self, caller: str, given_up: asyncio.Event) -> None:
        if not given_up.is_set():  # else `_make_room` has removed it
            del self._places[caller][given_up]
            if not self._places[caller]:
                del self._places[caller]


def event(name: str, event_id: str, data: bytes) -> bytes:
    """Return an encoded event; `data` must be a single line."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), event_id.encode(), data)


class EventStream:
    """A stream of events, as an ASGI application.

    `source` yields encoded events, and None each time there is nothing new.
    """

    def __init__(self, source: AsyncGenerator[bytes | None, None], room: StreamRoom, caller: str) -> None:
        self._source, self._room, self._caller = source, room, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the source ends, the client disconnects or the place is given up; then stop every task."""
        if scope["state"][HEAD]:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _send_piece(send, b"", more=False)
            return
        async with aclosing(self._source):
            with self._room.place(self._caller) as given_up:
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await _send_piece(send, b"retry: %d\n\n" % (RECONNECT_AFTER * 1000))
                sending = asyncio.ensure_future(self._send(send))
                ends = (sending, asyncio.ensure_future(_left(receive)), asyncio.ensure_future(given_up.wait()))
                try:
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in ends:
                        task.cancel()
                    (failure, *_) = await asyncio.gather(*ends, return_exceptions=True)
                if isinstance(failure, Exception):
                    raise failure
                if given_up.is_set() and failure is not None:  # ended early, while the client is still connected
                    await _send_piece(send, b"", more=False)

    async def _send(self, send: Send) -> None:
        now = asyncio.get_running_loop().time
        last = now()
        async for told in self._source:
            if told is None and now() - last < _KEEP_ALIVE:
                continue
            whole = told or b": still here\n\n"
            for start in range(0, len(whole), _PIECE):
                await _send_piece(send, whole[start : start + _PIECE])
            del told, whole  # an event may be large, and the next one may take long
            last = now()
        await _send_piece(send, b"", more=False)


async def _send_piece(send: Send, piece: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
