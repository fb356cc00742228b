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

# Handed over through a pipe: what a program was started with can be read from the list of processes.
_CONFIDENTIAL: Final = ("AWS_", "DARKROOM_", "OTEL_", "PG")
_PAUSE: Final = 1.0  # seconds before another try to replace a worker


class WorkerFailed(Exception):
    """A worker ended before it was ready; `status` is its exit status, or minus the signal that ended it.

    It has said why itself, unless it was ended by a signal.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"a worker {_ended(status)} before it was ready")
        self.status = status


def _ended(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by {Signals(-status).name}"


@dataclass(frozen=True, slots=True, eq=False)
class Worker:
    """A process that serves for as long as its standard input is open; `greeting` is what it said when it was ready.

    `seat` is its place among the others; its successor takes the same.
    """

    process: Process
    seat: str
    greeting: str

    @classmethod
    async def start(cls, settings: Settings, listener: socket, seat: str) -> Self:
        """Start one and wait until it answers.

        Raises:
            WorkerFailed: it never did.
        """
        # If any free port or as many workers as suit the machine were asked for, both are known by now.
        known = {"DARKROOM_PORT": str(settings.service.port), "DARKROOM_WORKERS": str(settings.workers)}
        environment = {**os.environ, **known}
        confidential = {name: text for name, text in environment.items() if name.startswith(_CONFIDENTIAL)}
        process = await asyncio.create_subprocess_exec(
            # Safe path: nothing is imported from the folder that it happens to run in.
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
        """Wait for its end, and give its exit status."""
        return await self.process.wait()

    def let_go(self) -> None:
        """Tell it to finish what it has begun, and to end."""
        cast("StreamWriter", self.process.stdin).close()

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self.process.kill()


class Supervisor:
    """Keeps `settings.workers` workers alive until it is asked to stop."""

    def __init__(self, settings: Settings, listener: socket) -> None:
        self._settings, self._listener = settings, listener
        self._stop = asyncio.Event()
        self._workers: set[Worker] = set()

    async def run(self) -> int:
        """Print the greeting when all of them are ready; give the exit status when all have ended."""
        stop_on_signals(self._stop, at_once=self._kill_all)
        try:
            # One first: what is wrong is reported once, and what the last run left is settled once.
            first = await self._start("1")
        except WorkerFailed as failure:
            if failure.status >= 0:  # it has said why
                return failure.status
            log.error("%s", failure)  # noqa: TRY400  # a traceback would add nothing
            return 1
        # Orders are taken from here on. What becomes of one that starts, or has started, ends no other.
        keeping_first = asyncio.ensure_future(self._keep_alive(first))
        seats = range(2, self._settings.workers + 1)
        others = await asyncio.gather(*(self._replacement(str(seat)) for seat in seats))
        if not self._stop.is_set():
            print(first.greeting, flush=True)
        keeping = asyncio.gather(keeping_first, *map(self._keep_alive, others))
        await self._stop.wait()
        # Else a client that connects after the last worker has stopped listening would wait in vain, and be cut off.
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
        """Replace a worker whenever it ends, until it is time to stop; give the last one's exit status."""
        status = 0
        while worker:
            status = await worker.end()
            self._workers.discard(worker)
            seat_is_empty(self._settings, worker.seat)
            if not self._stop.is_set():
                log.error("a worker %s; another takes its place", _ended(status))
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
