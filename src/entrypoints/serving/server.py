"""uvicorn, which we start and stop by ourselves: the order in which a service ends is not a web server's to decide."""

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
from darkroom.entrypoints.serving.listener import BACKLOG, accept_all, let_nobody_connect
from darkroom.entrypoints.serving.open_connections import OpenConnections

# Seconds that requests still open have when no generation of ours is at work any more.
_LAST_ANSWERS: Final = 20
# Seconds in which clients may still send on connections that they have, before those are closed. Whatever meets the
# end itself is answered too, in fewer words: so this need not outlast the silence of a load balancer.
_FAREWELL: Final = 1.0


class Server:
    """Answers the requests that come in on a socket, over no more `connections` than there may be."""

    def __init__(
        self,
        app: Litestar,
        connections: OpenConnections,
        refused: Callable[[Refusal], None],
        *,
        keep_alive: int,
        shared: bool = False,
    ) -> None:
        """`refused` is called for each connection that is closed from here; `keep_alive`: seconds that one is kept.

        `shared` says that other processes listen on the same socket, and may go on.
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
        """Answer requests from the beginning of the block on; after it, finish those that are open."""
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[listener])
        ticking = asyncio.create_task(self._server.main_loop())  # keeps the Date header right
        try:
            yield
            await self._stop_listening(listener)
            await self._farewell()
        finally:
            ticking.cancel()
            await self._server.shutdown(sockets=[listener])

    def announce_the_end(self) -> None:
        """Answer on, and let each answer be the last on its connection."""
        close = (b"connection", b"close")
        self._config.encoded_headers = [*self._config.encoded_headers, close]
        self._server.server_state.default_headers = [*self._server.server_state.default_headers, close]
        for connection in self._connections:
            connection.answer_for_the_last_time()

    async def _stop_listening(self, listener: socket) -> None:
        """Let in who stands before the door, and close it, with nothing in between that takes time."""
        if not self._shared:
            let_nobody_connect(listener)
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
        while self._connections and now() < deadline:  # noqa: ASYNC110  # there is no event for a closed connection
            await asyncio.sleep(_FAREWELL / 20)

    @property
    def _connections(self) -> set[GuardedHttpProtocol]:
        return cast("set[GuardedHttpProtocol]", self._server.server_state.connections)
