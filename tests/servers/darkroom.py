"""The service itself, started as by an operator."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from pathlib import Path

from servers.ports import free_port
from servers.process import Process


class Darkroom(Process):
    """`darkroom serve` in a separate process.

    Args:
        folder: The working folder. It also contains the data folder, unless the settings say otherwise, so that a later
            process in the same folder continues the work of this one.
        settings: Environment variables.
        port: The port to listen on; by default a free one.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], *, port: int | None = None) -> None:
        self.port = port or free_port()
        super().__init__(
            [Path(sysconfig.get_path("scripts")) / "darkroom", "serve"],
            environment={**settings, "DARKROOM_PORT": str(self.port)},
            folder=folder,
        )

    def wait_until_ready(self) -> str:
        """Wait until the service is ready, and return the URL that it prints.

        Raises:
            ProgramFailed: it ended before that, or is not ready within 30 seconds.
        """
        return self.wait_for(r"Darkroom is ready at (\S+)")[1]
