"""A light client for thousands of waiting connections, used if answers must be distinguished, which wrk cannot do."""

import asyncio
import json
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

from benchmarks.stand_ins import SIDE
from servers.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: its status, the seconds until it arrived, and its `Retry-After` in seconds, if any."""

    status: int
    seconds: float
    retry_after: int | None


class Client:
    """One connection to the service."""

    def __init__(self, reader: StreamReader, writer: StreamWriter, request: bytes) -> None:
        self._reader, self._writer, self._request = reader, writer, request

    async def order(self) -> Answered:
        """Send the order, and return the answer."""
        began = perf_counter()
        self._writer.write(self._request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        await self._reader.readexactly(int(_field(head, "content-length") or 0))
        retry_after = _field(head, "retry-after")
        return Answered(int(head.split()[1]), perf_counter() - began, int(retry_after) if retry_after else None)


@asynccontextmanager
async def connected(port: int, token: str, *, samples: int = 1) -> AsyncIterator[Client]:
    """Yield a client with a connection to the service, which orders `samples` images at a time."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    order = {"version": "v2.1", "prompt": "A lighthouse at dusk", "width": SIDE, "height": SIDE, "samples": samples}
    body = json.dumps(order)
    head = (
        f"POST /api/images HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        yield Client(reader, writer, (head + body).encode())
    finally:
        writer.close()


def _field(head: str, name: str) -> str | None:
    found = re.search(rf"\r\n{name}: *([^\r]*)", head)
    return found[1] if found else None
