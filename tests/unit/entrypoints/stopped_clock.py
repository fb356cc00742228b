"""A clock for the connections of a server: its time passes only when a test moves it, however busy the machine is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from darkroom.entrypoints.refusals import Refusal
from darkroom.entrypoints.serving.http_guard import GuardedHttpProtocol


class StoppedClock:
    """Replaces the event loop of a protocol: timers run on this clock, everything else is passed to the real loop."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[asyncio.TimerHandle, Callable[[], object]]] = []
        self._connected, self._read, self._more = False, 0, asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(asyncio.get_running_loop(), name)

    def call_later(self, delay: float, callback: Callable[..., object], *args: object) -> asyncio.TimerHandle:
        """As `loop.call_later`, on this clock."""
        timer = asyncio.TimerHandle(self._now + delay, callback, args, asyncio.get_running_loop())
        self._timers.append((timer, partial(callback, *args)))
        return timer

    def move(self, seconds: float) -> None:
        """Let time pass, and call the timers that become due, in their order."""
        until = self._now + seconds
        while due := [one for one in self._timers if one[0].when() <= until and not one[0].cancelled()]:
            timer, call = min(due, key=lambda one: one[0].when())
            self._timers.remove((timer, call))
            self._now = timer.when()
            call()
        self._now = until

    def record(self, data: bytes = b"") -> None:
        """Record that a connection was made, or that the server has read `data` on one."""
        self._connected, self._read = True, self._read + len(data)
        self._more.set()

    async def until_read(self, count: int) -> None:
        """Wait until a connection is made, and the server has read that many bytes on all of them."""
        while not self._connected or self._read < count:
            self._more.clear()
            await self._more.wait()


class _Timed(GuardedHttpProtocol):
    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        clock: StoppedClock,
        refused: Callable[[Refusal], None],
    ) -> None:
        loop = cast("asyncio.AbstractEventLoop", clock)
        super().__init__(config, server_state, app_state, loop, refused=refused)
        self._clock = clock

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._clock.record()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._clock.record(data)


def timed(clock: StoppedClock, refused: Callable[[Refusal], None] = lambda _: None) -> type[GuardedHttpProtocol]:
    """The protocol as it is served, but on `clock`."""
    return cast("type[GuardedHttpProtocol]", partial(_Timed, clock=clock, refused=refused))
