"""Records which hosts receive a secret."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from simulators.charges import KEPT

LOOPBACK = "127.0.0.1"


class Recipients:
    """The URLs and headers of received requests, by the host to which a client sent them."""

    def __init__(self) -> None:
        self._heads: deque[tuple[str, str]] = deque(maxlen=KEPT)

    def __len__(self) -> int:
        return len(self._heads)

    def of(self, secret: str) -> set[str]:
        """Return the origins, as clients addressed them, that received `secret` in a URL or a header."""
        return {origin for origin, head in self._heads if secret in head}

    @web.middleware
    async def note(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        head = "\n".join((request.raw_path, *(f"{name}: {value}" for name, value in request.headers.items())))
        self._heads.append((f"http://{request.host}", head))
        return await handler(request)


class AnotherHost:
    """A server that does not belong to the provider. It records all requests and answers them with `{}`."""

    def __init__(self) -> None:
        self.recipients = Recipients()
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        return web.json_response({})


@asynccontextmanager
async def another_host() -> AsyncIterator[AnotherHost]:
    """Yield a host that listens on a free port of the loopback interface."""
    host = AnotherHost()
    application = web.Application(middlewares=[host.recipients.note])
    application.router.add_route("*", "/{path:.*}", host.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        host.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        yield host
    finally:
        await runner.cleanup()
