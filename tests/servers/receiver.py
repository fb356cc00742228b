"""A receiver of webhooks over real HTTP, with faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from servers.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class Received:
    """A received call. Header names are in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> Any:  # noqa: ANN401  # any JSON
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers each call with the next of `faults`, and with 204 once they are used up.

    Faults: `slow` answers when the receiver ends, `reset` resets the connection, `redirect` points to `elsewhere`,
    `endless` never ends its body, `busy` answers 429 with `Retry-After`; a number is a status.
    """

    faults: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    elsewhere: int = 0
    url: str = ""
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/hook")

    async def until(self, holds: Callable[[list[Received]], bool]) -> None:
        while not holds(self.received):  # noqa: ASYNC110  # a list does not announce changes
            await asyncio.sleep(0.02)

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers, await request.read()))
        fault = self.faults.pop(0) if self.faults else "204"
        match fault:
            case "slow":
                await self._ended.wait()
            case "reset":
                assert request.transport
                request.transport.abort()
            case "redirect":
                return web.Response(status=307, headers={"Location": f"{self.origin}/elsewhere"})
            case "endless":
                return await self._without_end(request)
            case "busy":
                return web.Response(status=429, headers={"Retry-After": "7200"})
            case status:
                return web.Response(status=int(status))
        return web.Response(status=204)

    async def gone_elsewhere(self, request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response()

    async def end(self) -> None:
        self._ended.set()

    async def _without_end(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not self._ended.is_set():
            await response.write(b"x" * 65_536)
        return response


@asynccontextmanager
async def receiver(*faults: str) -> AsyncIterator[Receiver]:
    """Yield a receiver that listens on the loopback interface."""
    opened, application = Receiver(list(faults)), web.Application()
    application.router.add_post("/hook", opened.take)
    application.router.add_route("*", "/elsewhere", opened.gone_elsewhere)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    port: int = runner.addresses[0][1]
    opened.url = f"http://{LOOPBACK}:{port}/hook"
    try:
        yield opened
    finally:
        await opened.end()
        await runner.cleanup()
