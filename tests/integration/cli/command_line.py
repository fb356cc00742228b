"""Runs our commands as an operator does: in a separate folder, with only the settings of the test."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from servers.darkroom import Command, Darkroom


@dataclass(frozen=True)
class Ended:
    """The exit status and the output of a command that has ended."""

    status: int
    stdout: str
    stderr: str


class CommandLine:
    """Runs commands in `folder`. Processes that it has started are killed at the end of the `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    def start(self, *arguments: str, **settings: str) -> Command:
        """Start the installed program, and return while it runs."""
        command = Command(*arguments, folder=self.folder, settings=settings, installed=True)
        return self._started.enter_context(command)

    def run(self, *arguments: str, **settings: str) -> Ended:
        """Run a command to its end; use `start` if a test needs the installed program."""
        with Command(*arguments, folder=self.folder, settings=settings) as command:
            return Ended(command.wait(), command.stdout, command.stderr)

    def serve(self, **settings: str) -> Darkroom:
        """Start the service, and wait until it is ready."""
        darkroom = self._started.enter_context(Darkroom(self.folder, settings))
        darkroom.wait_until_ready()
        return darkroom
