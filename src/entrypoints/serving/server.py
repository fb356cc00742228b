"""Runs uvicorn, but starts and stops it step by step: orders must be finished before the listener is closed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from socket import socket
from typing import Any, Final, cast

import uvicorn
from litestar import Litestar

from darkroom.entrypoints.refusals import Refusal
from darkroom.entrypoints.serving.http_guard import GuardedHttpProtocol
from darkroom.entrypoints.serving.listener import BACKLOG, accept_all, refuse_connections
from darkroom.entrypoints.serving.open_connections import OpenConnections

# Seconds for open requests to end after the last generation has.
_LAST_ANSWERS: Final = 20
# Seconds in which clients may still send on open connections before these are closed. A request that arrives later is
# answered with 503 too, so this need not be longer than the keep-alive time of a load balancer.
_FAREWELL: Final = 1.0


class Server:
    """Answers the requests that arrive on a listening socket, within the limits of `connections`."""

    def __init__(
        self,
        app: Litestar,
        connections: OpenConnections,
        refused: Callable[[Refusal], None],
        *,
        keep_alive: int,
        shared: bool = False,
    ) -> None:
        """Prepare a server for `app`.

        Args:
            app: The ASGI application.
            connections: The limits of open connections.
            refused: Called for each connection that is closed by us.
            keep_alive: Seconds for which an idle connection is kept.
            shared: Other processes listen on the same socket, and may continue.
        """
        self._shared = shared
        guarded = partial(GuardedHttpProtocol, connections=connections, refused=refused)
        self._config = uvicorn.Config(
            app,
            http=cast("Any", guarded),  # uvicorn only calls it
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=keep_alive,
            timeout_graceful_shutdown=_LAST_ANSWERS,
        )
        self._server = uvicorn.Server(self._config)

    @asynccontextmanager
    async def answering(self, listener: socket) -> AsyncIterator[None]:
        """Answer requests within the block; then stop listening, and finish those that are open."""
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[listener])
        ticking = asyncio.create_task(self._server.main_loop())  # updates the Date header
        try:
            yield
            await self._stop_listening(listener)
            await self._farewell()
        finally:
            ticking.cancel()
            await self._server.shutdown(sockets=[listener])

    def announce_the_end(self) -> None:
        """Continue to answer, but send `Connection: close` with each answer."""
        close = (b"connection", b"close")
        self._config.encoded_headers = [*self._config.encoded_headers, close]
        self._server.server_state.default_headers = [*self._server.server_state.default_headers, close]
        for connection in self._connections:
            connection.answer_for_the_last_time()

    async def _stop_listening(self, listener: socket) -> None:
        """Accept the connections that wait, and close the listener at once."""
        if not self._shared:
            refuse_connections(listener)
        connected = accept_all(listener)
        for accepting in self._server.servers:
            accepting.close()
        made = cast("Callable[..., GuardedHttpProtocol]", self._config.http_protocol_class)
        protocol = partial(made, self._config, self._server.server_state, self._server.lifespan.state)
        for connection in connected:
            await asyncio.get_running_loop().connect_accepted_socket(protocol, connection)

    async def _farewell(self) -> None:
        now = asyncio.get_running_loop().time
        deadline = now() + _FAREWELL
        while self._connections and now() < deadline:  # noqa: ASYNC110  # no event reports a closed connection
            await asyncio.sleep(_FAREWELL / 20)

    @property
    def _connections(self) -> set[GuardedHttpProtocol]:
        return cast("set[GuardedHttpProtocol]", self._server.server_state.connections)
