"""Darkroom with its ledger in memory, to show the cost of the ledger. All orders are lost when the process ends.

`python -m benchmarks.unrecorded [spool]` is `darkroom serve` with the ledger in memory, and with `spool` the spool too.
"""

import asyncio
import os
import sys
from socket import socket

from dependency_injector import providers

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.entrypoints import logs
from darkroom.entrypoints.container.composition import open_container
from darkroom.entrypoints.container.watching import Watching
from darkroom.entrypoints.http.app import create_app
from darkroom.entrypoints.serving.cycles import leave_alone_what_stays
from darkroom.entrypoints.serving.listener import listen
from darkroom.entrypoints.serving.loop import run
from darkroom.entrypoints.serving.open_connections import OpenConnections
from darkroom.entrypoints.serving.server import Server
from darkroom.entrypoints.serving.signals import stop_on_signals
from darkroom.entrypoints.settings import Settings


async def _serve(settings: Settings, listener: socket, *, spool_too: bool) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with open_container(settings) as container:
        container.ledger.override(providers.Object(InMemoryGenerationLedger()))
        if spool_too:
            container.spool.override(providers.Object(InMemoryImageSpool()))
        container.reset_singletons()  # some were built from the replaced ones
        app = create_app(container.services(), cors_origins=())
        server = Server(app, OpenConnections(), Watching().refused, keep_alive=settings.service.keep_alive)
        async with server.answering(listener):
            leave_alone_what_stays()
            print(f"Darkroom is ready at {settings.service.public_url}", flush=True)
            await stop.wait()
            await container.application().generate.work.drain()


if __name__ == "__main__":
    settings = Settings.read(os.environ)
    logs.set_up(level=settings.service.log_level, style=settings.service.log_format)
    with listen(settings.service) as listener:
        run(_serve(settings, listener, spool_too="spool" in sys.argv[1:]))
