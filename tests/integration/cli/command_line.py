"""Our commands, run as whoever types them runs them: in a folder of their own, with nothing but what a test sets."""

from __future__ import annotations

import sysconfig
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from integration.cli.forked_commands import nursery, suits
from servers.darkroom import Darkroom
from servers.process import Process

PROGRAM = Path(sysconfig.get_path("scripts")) / "darkroom"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


class CommandLine:
    """A shell in `folder`. Whatever it starts ends with the `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    def start(self, *arguments: str, **settings: str) -> Process:
        """A command that goes on beside the test."""
        process = Process([PROGRAM, *arguments], environment=settings, folder=self.folder)
        return self._started.enter_context(process)

    def run(self, *arguments: str, **settings: str) -> Ended:
        """A command, to its end; `start` for one whose being a program of its own is the point."""
        if suits(settings):
            return Ended(*nursery().run(arguments, settings, self.folder))
        process = self.start(*arguments, **settings)
        return Ended(process.wait(), process.stdout, process.stderr)

    def serve(self, **settings: str) -> Darkroom:
        """The service, ready."""
        darkroom = self._started.enter_context(Darkroom(self.folder, settings))
        darkroom.wait_until_ready()
        return darkroom
