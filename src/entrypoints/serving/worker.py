"""A worker process: `python -m darkroom.entrypoints.serving.worker FILENO SEAT`.

`FILENO` is the listening socket that it inherits. `SEAT` is its number among the workers, from 1; it determines the
worker's metrics files, and its share of limits that are set for all workers together. The first line of standard input
is a JSON object of environment variables. The end of standard input means that the parent wants it to stop, or is gone.
Once ready, the worker writes its greeting to standard output, as a line of JSON.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping

from darkroom.domain.model.model_card import ModelCard
from darkroom.entrypoints import logs
from darkroom.entrypoints.failures import told
from darkroom.entrypoints.serving.greeting import greeting
from darkroom.entrypoints.serving.loop import run
from darkroom.entrypoints.serving.metrics import counting_at_seat
from darkroom.entrypoints.serving.process import serve
from darkroom.entrypoints.settings import Settings

_STDIN = 0


def main() -> int:
    """Serve until standard input ends or SIGTERM arrives; return the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which stops us in order
    with open(_STDIN, "rb", buffering=0, closefd=False) as stdin:  # unbuffered: read no byte after the line
        os.environ.update(json.loads(stdin.readline()))
    seat = int(sys.argv[2])
    settings = Settings.read(os.environ).share(seat)
    logs.set_up(level=settings.service.log_level, style=settings.service.log_format)
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        run(_serve(settings, listener, seat))
    return 0


async def _serve(settings: Settings, listener: socket.socket, seat: int) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def parent_spoke() -> None:
        if not os.read(_STDIN, 1):
            loop.remove_reader(_STDIN)
            stop.set()

    def ready(cards: Mapping[str, ModelCard]) -> None:
        print(json.dumps(greeting(settings, cards)), flush=True)

    loop.add_reader(_STDIN, parent_spoke)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await serve(settings, listener, stop=stop, ready=ready, registry=counting_at_seat(settings, str(seat)))


if __name__ == "__main__":
    sys.exit(told(main))
