"""The one process of a service that has no workers."""

import asyncio
from socket import socket

from entrypoints.serving.greeting import greeting
from entrypoints.serving.loop import run
from entrypoints.serving.process import serve
from entrypoints.serving.signals import stop_on_signals
from entrypoints.settings import Settings


def serve_alone(settings: Settings, listener: socket) -> None:
    """Serve until a signal says stop."""
    run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await serve(settings, listener, stop=stop, ready=lambda cards: print(greeting(settings, cards), flush=True))
