"""Several worker processes that share one listening socket, and their parent, which keeps their number constant."""

import asyncio
import json
import logging
import os
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from signal import Signals
from socket import socket
from typing import Final, Self, cast

from darkroom.entrypoints.serving.metrics import seat_is_empty
from darkroom.entrypoints.serving.signals import stop_on_signals
from darkroom.entrypoints.settings import Settings

log = logging.getLogger(__name__)

# Variables that are passed through a pipe, since the environment at the start of a process can be read under /proc.
_CONFIDENTIAL: Final = ("AWS_", "DARKROOM_", "OTEL_", "PG")
_PAUSE: Final = 1.0  # seconds before another try to replace a worker


class WorkerFailed(Exception):
    """A worker ended before it was ready; `status` is its exit status, or the negative number of the signal.

    It has reported the reason itself, unless a signal ended it.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"a worker {_ended(status)} before it was ready")
        self.status = status


def _ended(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by {Signals(-status).name}"


@dataclass(frozen=True, slots=True, eq=False)
class Worker:
    """A process that serves as long as its standard input is open; `greeting` is the text to print once it is ready.

    `seat` is its number among the workers, which its replacement inherits.
    """

    process: Process
    seat: str
    greeting: str

    @classmethod
    async def start(cls, settings: Settings, listener: socket, seat: str) -> Self:
        """Start a worker, and wait until it is ready.

        Raises:
            WorkerFailed: it ended before that.
        """
        # The settings may ask for any free port, or as many workers as suit the machine; pass on what was chosen.
        known = {"DARKROOM_PORT": str(settings.service.port), "DARKROOM_WORKERS": str(settings.workers)}
        environment = {**os.environ, **known}
        confidential = {name: text for name, text in environment.items() if name.startswith(_CONFIDENTIAL)}
        process = await asyncio.create_subprocess_exec(
            # -P: do not import from the current folder.
            *(sys.executable, "-P", "-m", "darkroom.entrypoints.serving.worker", str(listener.fileno()), seat),
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=[listener.fileno()],
            env={name: text for name, text in environment.items() if name not in confidential},
        )
        cast("StreamWriter", process.stdin).write(json.dumps(confidential).encode() + b"\n")
        greeting = await cast("StreamReader", process.stdout).readline()
        if not greeting:
            raise WorkerFailed(await process.wait())
        return cls(process, seat, json.loads(greeting))

    async def end(self) -> int:
        """Wait until it has ended, and return its exit status; the negative number of the signal that ended it."""
        return await self.process.wait()

    def let_go(self) -> None:
        """Close its standard input: it finishes what it has begun, and ends."""
        cast("StreamWriter", self.process.stdin).close()

    def kill(self) -> None:
        """Kill it; nothing happens if it has ended."""
        with suppress(ProcessLookupError):
            self.process.kill()


class Supervisor:
    """Keeps `settings.workers` workers running until it is asked to stop."""

    def __init__(self, settings: Settings, listener: socket) -> None:
        self._settings, self._listener = settings, listener
        self._stop = asyncio.Event()
        self._workers: set[Worker] = set()

    async def run(self) -> int:
        """Print the greeting once all workers are ready, and return the exit status once all have ended."""
        stop_on_signals(self._stop, at_once=self._kill_all)
        try:
            # Start one first, so that faults are reported once, and the work of the last run is recovered once.
            first = await self._start("1")
        except WorkerFailed as failure:
            if failure.status >= 0:  # it has reported the reason
                return failure.status
            log.error("%s", failure)  # noqa: TRY400  # a traceback would add nothing
            return 1
        # Orders are accepted from here on. A worker that fails from now on does not end the others.
        keeping_first = asyncio.ensure_future(self._keep_alive(first))
        seats = range(2, self._settings.workers + 1)
        others = await asyncio.gather(*(self._replacement(str(seat)) for seat in seats))
        if not self._stop.is_set():
            print(first.greeting, flush=True)
        keeping = asyncio.gather(keeping_first, *map(self._keep_alive, others))
        await self._stop.wait()
        # Otherwise a client that connects after the last worker has stopped listening would wait, and be reset.
        self._listener.close()
        self._let_all_go()
        return 1 if any(await keeping) else 0

    async def _start(self, seat: str) -> Worker:
        worker = await Worker.start(self._settings, self._listener, seat)
        self._workers.add(worker)
        if self._stop.is_set():
            worker.let_go()
        return worker

    async def _keep_alive(self, worker: Worker | None) -> int:
        """Replace a worker whenever it ends, until the service stops; return the exit status of the last one."""
        status = 0
        while worker:
            status = await worker.end()
            self._workers.discard(worker)
            seat_is_empty(self._settings, worker.seat)
            if not self._stop.is_set():
                log.error("a worker %s; another one replaces it", _ended(status))
            worker = await self._replacement(worker.seat)
        return status

    async def _replacement(self, seat: str) -> Worker | None:
        while not self._stop.is_set():
            try:
                return await self._start(seat)
            except WorkerFailed as failure:
                log.error("%s; trying again in %.0f s", failure, _PAUSE)  # noqa: TRY400  # a traceback would add nothing
                await asyncio.sleep(_PAUSE)
        return None

    def _let_all_go(self) -> None:
        for worker in self._workers:
            worker.let_go()

    def _kill_all(self) -> None:
        for worker in self._workers:
            worker.kill()
