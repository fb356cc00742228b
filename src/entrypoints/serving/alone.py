"""The single process of a service without workers."""

import asyncio
from socket import socket
from typing import TYPE_CHECKING

from darkroom.entrypoints.serving.greeting import greeting
from darkroom.entrypoints.serving.loop import run
from darkroom.entrypoints.serving.process import serve
from darkroom.entrypoints.serving.signals import stop_on_signals
from darkroom.entrypoints.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


def serve_alone(settings: Settings, listener: socket, registry: "CollectorRegistry | None") -> None:
    """Serve until SIGINT or SIGTERM. `registry` collects the metrics; None if there is no metrics listener."""
    run(_serve(settings, listener, registry))


async def _serve(settings: Settings, listener: socket, registry: "CollectorRegistry | None") -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await serve(
        settings,
        listener,
        stop=stop,
        ready=lambda cards: print(greeting(settings, cards), flush=True),
        registry=registry,
    )
