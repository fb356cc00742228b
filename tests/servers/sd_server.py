"""The server of stable-diffusion.cpp, built from its sources by `make test-peers`."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path
from typing import Final

from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process, ProgramFailed

PROGRAM: Final = Path(__file__).parents[2] / ".bench-peers" / "sdcpp" / "bin" / "sd-server"
_START: Final = 300.0  # seconds; it reads 2 GB of weights


class SDServer(Process):
    """`sd-server` in a separate process, on the CPU; it draws one image after the other.

    Args:
        model: The file of the weights.
        steps: The number of steps if a call gives none.
        port: The port to listen on; by default a free one.
    """

    def __init__(self, model: Path, *, steps: int, port: int | None = None) -> None:
        if not PROGRAM.exists():
            raise PartMissing("stable-diffusion.cpp", "`make test-peers` builds its server")
        self.port = port or free_port()
        options = ["--listen-port", str(self.port), "--steps", str(steps), "--threads", "1"]
        super().__init__([PROGRAM, "--model", model, *options])

    @property
    def base_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def wait_until_ready(self) -> None:
        """Wait until it listens.

        Raises:
            ProgramFailed: it ended before that, or the time is up.
        """
        self.wait_for("listening on", timeout=_START)
        until = time.monotonic() + _START
        while self.running and time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex((LOOPBACK, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise ProgramFailed(f"sd-server does not listen\n{self.stdout}{self.stderr}")

    @property
    def drawn(self) -> int:
        """The number of calls for which it has begun to draw."""
        return len(re.findall("generate_image [0-9]+x", self.stdout))
