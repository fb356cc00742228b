"""The service itself, as an operator starts it."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from pathlib import Path

from servers.ports import free_port
from servers.process import Process


class Darkroom(Process):
    """`darkroom serve` in a process of its own.

    Args:
        folder: Where it runs. Its state lies there too, unless the settings say otherwise, so that another one that
            runs there later takes up where this one left off.
        settings: Its variables.
        port: Where it listens; left out: on a free port.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], *, port: int | None = None) -> None:
        self.port = port or free_port()
        super().__init__(
            [Path(sysconfig.get_path("scripts")) / "darkroom", "serve"],
            environment={**settings, "DARKROOM_PORT": str(self.port)},
            folder=folder,
        )

    def wait_until_ready(self) -> str:
        """Wait until it answers, and return the URL that it says it answers at.

        Raises:
            ProgramFailed: It ended before, or is not ready within half a minute.
        """
        return self.wait_for(r"Darkroom is ready at (\S+)")[1]
