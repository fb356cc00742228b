"""A server that sends exactly the given answers and records the requests that it receives."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

LOOPBACK: Final = "127.0.0.1"
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Wire:
    """Answers each whole request with the next of `answers` and repeats the last one; b"" means no answer.

    `hang_up` closes each connection after an answer.
    """

    def __init__(self, *answers: bytes, hang_up: bool = False) -> None:
        self.answers, self.hang_up = list(answers), hang_up
        self.heard: list[bytes] = []
        self.connections = 0
        self.open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self.port = 0

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open[writer] = asyncio.current_task()
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                self.heard.append(head + await reader.readexactly(length))
                writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
                await writer.drain()
                if self.hang_up:
                    break
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        del self.open[writer]

    async def close(self) -> None:
        handlers = [handler for handler in self.open.values() if handler]
        for writer in self.open:
            writer.transport.abort()
        await asyncio.gather(*handlers)


@asynccontextmanager
async def wire(*answers: bytes, hang_up: bool = False, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    served = Wire(*answers, hang_up=hang_up)
    server = await asyncio.start_server(served.serve, LOOPBACK, 0, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield served
        finally:
            await served.close()
