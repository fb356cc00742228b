"""Processes of the service that die and come back."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

from servers.darkroom import Darkroom
from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port


class Seat:
    """Where one process of the service runs at a time: each has the folder, the port and the settings of the last."""

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
        """What the process has logged lately."""
        return self._process.stderr[-8000:] if self._process else ""

    async def start(self, **more: str) -> None:
        """Start a process, with some `more` settings, and wait until it answers."""
        self.launch(**more)
        assert self._process
        await asyncio.to_thread(self._process.wait_until_ready)

    def launch(self, **more: str) -> None:
        """Start a process and do not wait."""
        self._process = Darkroom(self.folder, {**self.settings, **more}, port=self._port)

    async def kill(self) -> None:
        """SIGKILL, to its workers too."""
        if self._process:
            process, self._process = self._process, None
            await asyncio.to_thread(process.close)

    def kill_a_worker(self, chance: random.Random) -> None:
        """SIGKILL to one of its workers, for which the others and their parent live on.

        Raises:
            PartMissing: this system does not say which processes those are.
        """
        assert self._process
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        if not listed.exists():
            raise PartMissing("/proc", "tells which worker processes there are; Linux has it")
        if workers := listed.read_text(encoding="ascii").split():
            os.kill(int(chance.choice(workers)), SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP to the process."""
        assert self._process
        os.kill(self._process.pid, SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to the process."""
        assert self._process
        os.kill(self._process.pid, SIGCONT)

    async def stop(self, within: float = 60) -> int:
        """SIGTERM; wait some seconds for the end and give the exit status."""
        assert self._process
        process, self._process = self._process, None
        process.terminate()
        try:
            return await asyncio.to_thread(process.wait, within)
        finally:
            await asyncio.to_thread(process.close)

    async def last_words(self, within: float = 60) -> str:
        """SIGTERM; wait some seconds for the end, and return what the process has logged until then."""
        process = self._process
        assert process
        assert await self.stop(within) == 0
        return process.stderr

    def waiting(self) -> dict[str, bytes]:
        """What waits in the spool now, by name."""
        return _files(self.folder / ".darkroom" / "spool")

    def evidence(self) -> dict[str, bytes]:
        """What was set aside for the operator, by name."""
        return _files(self.folder / ".darkroom" / "evidence")


def _files(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.glob("[!.]*"):
        with suppress(FileNotFoundError):  # removed in this moment, by a process that lives
            found[path.name] = path.read_bytes()
    return found
