"""A TCP proxy whose faults can be switched while connections are open."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self, TypeAlias

from servers.ports import LOOPBACK, free_port

NEVER = sys.maxsize


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults between a client and its server. Bytes are counted for each connection, from its start.

    Attributes:
        latency: Seconds by which data are delayed in each direction.
        rate: The most bytes per second in each direction.
        cut_upload: Bytes from the client that pass before the connection is closed.
        cut_download: Bytes from the server that pass before the connection is closed.
        reset: Connections end by RST: at the cut; without a cut, all open and new ones at once.
        black_hole: Data from either side are accepted and discarded. Connections that lost data are reset afterwards.
        refuse: New connections are refused and open ones reset, as when a server dies.
    """

    latency: float = 0.0
    rate: float = math.inf
    cut_upload: int = NEVER
    cut_download: int = NEVER
    reset: bool = False
    black_hole: bool = False
    refuse: bool = False

    @property
    def at_once(self) -> int:
        """Bytes that pass in one piece: few enough that a change of faults takes effect soon at any rate."""
        return _PIECE if self.rate == math.inf else max(1, int(self.rate / 20))

    @property
    def fatal(self) -> bool:
        """Whether no connection can stay open with these faults."""
        return self.refuse or (self.reset and self.cut_upload == self.cut_download == NEVER)


NO_FAULTS = Faults()

_PIECE = 65_536

_OnTheWay: TypeAlias = asyncio.Queue[tuple[float, bytes]]
"""Pieces that were read, each with the event loop's time at which it is due; b"" at the end."""


class _Cut(Exception):
    """The bytes before the cut have passed."""


@dataclass(slots=True)
class _Connection:
    handler: asyncio.Task[None]
    writers: list[asyncio.StreamWriter]
    lost_something: bool = False


class Proxy:
    """Forwards data between clients and a server on this machine, unchanged unless there are faults.

    It is an asynchronous context manager, and runs in the event loop of the test.

    Attributes:
        port: The port that it listens on, which does not change.
        connections: The number of accepted connections.
        uploaded: Bytes that were forwarded from clients to the server.
        downloaded: Bytes that were forwarded from the server to clients.
        swallowed: Bytes from either side that were discarded.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._faults = NO_FAULTS
        self._listener: asyncio.Server | None = None
        self._relays: dict[asyncio.Task[None], _Connection] = {}
        self.port = free_port()
        self.connections = 0
        self.uploaded = 0
        self.downloaded = 0
        self.swallowed = 0
        self._counted = asyncio.Condition()

    @property
    def url(self) -> str:
        """Its URL for plain HTTP."""
        return f"http://{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.switch(NO_FAULTS)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.switch(Faults(refuse=True))

    async def switch(self, faults: Faults) -> None:
        """Replace the faults with `faults`, and wait until the connections that they end are closed."""
        self._faults = faults
        ended = []
        if self._listener and faults.refuse:
            self._listener.close()
            self._listener = None
        for relay, connection in self._relays.items():
            if faults.fatal or (connection.lost_something and not faults.black_hole):
                relay.cancel()
                ended.append(connection.handler)
        await asyncio.gather(*ended)
        if not self._listener and not faults.refuse:
            self._listener = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    async def wait_until(self, reached: Callable[[Proxy], bool]) -> None:
        """Wait until `reached` returns True for the counts."""
        async with self._counted:
            await self._counted.wait_for(lambda: reached(self))

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        handler = asyncio.current_task()
        assert handler
        connection = _Connection(handler, [to_client])
        relay = asyncio.create_task(self._relay(connection, from_client))  # cancelled instead of the handler
        self._relays[relay] = connection
        by_reset = True
        try:
            await relay
            by_reset = False
        except* _Cut:
            by_reset = self._faults.reset
        except* (OSError, asyncio.CancelledError):
            pass  # one side is gone, or a fault ends the connection: the other side is reset
        finally:
            for writer in connection.writers:
                await _end(writer, by_reset=by_reset)
            del self._relays[relay]

    async def _relay(self, connection: _Connection, from_client: asyncio.StreamReader) -> None:
        await self._count(connections=1)
        if self._faults.fatal:
            raise ConnectionResetError
        if self._faults.black_hole:
            connection.lost_something = True
            await self._swallow(from_client)
            return
        from_server, to_server = await asyncio.open_connection(LOOPBACK, self._server_port)
        connection.writers.append(to_server)
        (to_client, _) = connection.writers
        async with asyncio.TaskGroup() as tasks:
            for source, sink, upload in ((from_client, to_server, True), (from_server, to_client, False)):
                on_the_way: _OnTheWay = asyncio.Queue(maxsize=64)
                tasks.create_task(self._take(source, on_the_way))
                tasks.create_task(self._deliver(on_the_way, sink, connection, upload=upload))

    async def _take(self, source: asyncio.StreamReader, on_the_way: _OnTheWay) -> None:
        while data := await source.read(_PIECE):
            step = self._faults.at_once
            for start in range(0, len(data), step):
                await on_the_way.put((self._due(), data[start : start + step]))
        await on_the_way.put((self._due(), b""))

    def _due(self) -> float:
        return asyncio.get_running_loop().time() + self._faults.latency

    async def _deliver(
        self, on_the_way: _OnTheWay, sink: asyncio.StreamWriter, connection: _Connection, *, upload: bool
    ) -> None:
        sink.transport.set_write_buffer_limits(high=0)  # drained data have been written to the socket
        passed = 0
        while True:
            due, data = await on_the_way.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time() + len(data) / self._faults.rate)
            if self._faults.black_hole:
                connection.lost_something = True
            if connection.lost_something:
                await self._count(swallowed=len(data))
            elif data:
                cut = self._faults.cut_upload if upload else self._faults.cut_download
                piece = data[: max(0, cut - passed)]
                sink.write(piece)
                await sink.drain()
                passed += len(piece)
                if upload:
                    await self._count(uploaded=len(piece))
                else:
                    await self._count(downloaded=len(piece))
                if passed >= cut:
                    raise _Cut
            else:
                sink.write_eof()
            if not data:
                return

    async def _swallow(self, source: asyncio.StreamReader) -> None:
        while data := await source.read(_PIECE):
            await self._count(swallowed=len(data))

    async def _count(self, *, connections: int = 0, uploaded: int = 0, downloaded: int = 0, swallowed: int = 0) -> None:
        self.connections += connections
        self.uploaded += uploaded
        self.downloaded += downloaded
        self.swallowed += swallowed
        async with self._counted:
            self._counted.notify_all()


async def _end(writer: asyncio.StreamWriter, *, by_reset: bool) -> None:
    if by_reset:
        connection: socket.socket = writer.get_extra_info("socket")
        with suppress(OSError):  # the other side may have closed it first
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
