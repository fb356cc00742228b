"""Our own programs: the service, and every other command."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from servers.fork_server import Forked, can_fork, fork_server
from servers.ports import free_port
from servers.process import Process, Program

INSTALLED: Final = Path(sysconfig.get_path("scripts")) / "darkroom"


class Command(Process):
    """`darkroom` with some arguments, in a separate process.

    It is forked from a process that has imported everything, which saves most of the time. If `installed`, or if a
    setting has to be there before Python starts, it is the installed program, as an operator runs it.

    Args:
        arguments: The command and its arguments.
        folder: The working folder.
        settings: Environment variables in addition to those of the tests.
        installed: Whether a test needs the program itself: its memory, its start, or its entries in /proc.
    """

    def __init__(self, *arguments: str, folder: Path, settings: Mapping[str, str], installed: bool = False) -> None:
        self._forked: Forked | None = None
        self._installed = installed or not can_fork(settings)
        super().__init__([INSTALLED, *arguments], environment=settings, folder=folder)

    def close(self) -> None:
        super().close()
        if self._forked:
            self._forked.close()

    def _launch(
        self, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path | None, user: str | int | None
    ) -> Program:
        if self._installed:
            return super()._launch(command, environment, folder, user)
        self._forked = fork_server().start([*map(str, command[1:])], environment, folder or Path.cwd())
        return self._forked


class Darkroom(Command):
    """`darkroom serve` in a separate process.

    Args:
        folder: The working folder. It also contains the data folder, unless the settings say otherwise, so that a later
            process in the same folder continues the work of this one.
        settings: Environment variables.
        port: The port to listen on; by default a free one.
        installed: As for `Command`.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str], *, port: int | None = None, installed: bool = False
    ) -> None:
        self.port = port or free_port()
        settings = {**settings, "DARKROOM_PORT": str(self.port)}
        super().__init__("serve", folder=folder, settings=settings, installed=installed)

    def wait_until_ready(self) -> str:
        """Wait until the service is ready, and return the URL that it prints.

        Raises:
            ProgramFailed: it ended before that, or is not ready within 30 seconds.
        """
        return self.wait_for(r"Darkroom is ready at (\S+)")[1]
