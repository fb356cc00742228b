"""Processes of the service that are killed and restarted."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

from harness.waiting import until
from servers.darkroom import Darkroom
from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port, is_free


class Seat:
    """A place for one process of the service at a time: successors have the same folder, port and settings."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = settings
        self._port = free_port()
        self._process: Darkroom | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def said(self) -> str:
        """The last 8,000 characters of the process's log."""
        return self._process.stderr[-8000:] if self._process else ""

    async def start(self, **more: str) -> None:
        """Start a process with `more` settings, and wait until it is ready."""
        self.launch(**more)
        assert self._process
        await asyncio.to_thread(self._process.wait_until_ready)

    def launch(self, **more: str) -> None:
        """Start a process without waiting for it."""
        self._process = Darkroom(self.folder, {**self.settings, **more}, port=self._port)

    async def kill(self) -> None:
        """Kill the process and its workers by SIGKILL."""
        if self._process:
            process, self._process = self._process, None
            await asyncio.to_thread(process.close)
            await until(
                lambda: is_free(self._port)
            )  # the kernel may still be ending its workers, which hold the port, too

    def kill_a_worker(self, chance: random.Random) -> None:
        """Kill one of its workers by SIGKILL; the other workers and their parent continue.

        Raises:
            PartMissing: this system does not list the children of a process.
        """
        assert self._process
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        if not listed.exists():
            raise PartMissing("/proc", "lists the worker processes; Linux has it")
        if workers := listed.read_text(encoding="ascii").split():
            os.kill(int(chance.choice(workers)), SIGKILL)

    def freeze(self) -> None:
        """Stop the process by SIGSTOP."""
        assert self._process
        os.kill(self._process.pid, SIGSTOP)

    def thaw(self) -> None:
        """Continue the process by SIGCONT."""
        assert self._process
        os.kill(self._process.pid, SIGCONT)

    async def stop(self, within: float = 60) -> int:
        """Send SIGTERM, wait at most `within` seconds for the end, and return the exit status."""
        assert self._process
        process, self._process = self._process, None
        process.terminate()
        try:
            return await asyncio.to_thread(process.wait, within)
        finally:
            await asyncio.to_thread(process.close)

    async def last_words(self, within: float = 60) -> str:
        """Send SIGTERM, wait at most `within` seconds for the end, and return the log of the process."""
        process = self._process
        assert process
        assert await self.stop(within) == 0
        return process.stderr

    def waiting(self) -> dict[str, bytes]:
        """Return the images that wait in the spool, by name."""
        return _files(self.folder / ".darkroom" / "spool")

    def evidence(self) -> dict[str, bytes]:
        """Return the evidence, by name."""
        return _files(self.folder / ".darkroom" / "evidence")


def _files(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.glob("[!.]*"):
        with suppress(FileNotFoundError):  # a running process has just removed it
            found[path.name] = path.read_bytes()
    return found
