"""Slow clients: hundreds of connections are held until they are cut off, while another client is served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from integration.edge.measuring import statuses_in
from integration.edge.shapes import HOST, JSON, LINE
from servers.ports import LOOPBACK

EACH: Final = 100
"""Connections of each kind."""

POST: Final = LINE + HOST + JSON + b"Content-Length: 1000\r\nAuthorization: Bearer %TOKEN%\r\n\r\n"
LIVE: Final = b"GET /health/live HTTP/1.1\r\nHost: darkroom\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Slow:
    """One kind of slow client: what it sends first, and what it sends every second after that."""

    name: str
    first: bytes = b""
    then: bytes = b""


@dataclass(frozen=True, slots=True)
class CutOff:
    """The result of all connections of one kind: the statuses that they received, and when the last one was closed."""

    name: str
    statuses: frozenset[str]
    seconds: float


SLOW: Final = (
    Slow("nothing is sent"),
    Slow("a head that does not end", b"GET / HT"),
    Slow("a head, a byte a second", b"GET /", b"x"),
    Slow("a body that does not come", POST),
    Slow("a body, a byte a second", POST, b" "),
    Slow("a connection kept and not used", LIVE),
)


async def cut_off(port: int, token: str, kind: Slow) -> CutOff:
    """Hold `EACH` connections of one kind until the last of them is closed."""
    began = time.monotonic()
    told = await asyncio.gather(*(_hold(port, token, kind) for _ in range(EACH)))
    return CutOff(kind.name, frozenset(told), time.monotonic() - began)


async def served_meanwhile(port: int, others: Awaitable[object]) -> tuple[int, int]:
    """Ask ten times a second until the others are done; return the numbers of requests and of answers."""
    waiting, asked, answered = asyncio.ensure_future(others), 0, 0
    while not waiting.done():
        asked += 1
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(LIVE)
        answered += (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        await asyncio.wait([waiting], timeout=0.1)
    return asked, answered


async def _hold(port: int, token: str, kind: Slow) -> str:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    dripping = asyncio.create_task(_drip(writer, kind.then))
    answer = b""
    with suppress(ConnectionError):
        writer.write(kind.first.replace(b"%TOKEN%", token.encode()))
        answer = await reader.read()
    dripping.cancel()
    writer.close()
    return " ".join(statuses_in(answer))


async def _drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while piece:
        await asyncio.sleep(1)
        writer.write(piece)
