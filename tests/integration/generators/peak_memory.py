"""Measures by how much drawing raises the peak memory of a process, in a process of its own.

A peak never falls: in the process of the tests, an earlier and larger one would hide the growth.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from inspect import getfile
from pathlib import Path
from typing import Any

from servers.parts import PartMissing
from simulators.process import TESTS

STATUS = Path("/proc/self/status")

Drawing = Callable[..., Coroutine[Any, Any, int]]
"""Draws, given arguments as text; returns by how many bytes the `peak` grew."""


def peak() -> int:
    """Return the most memory that this process has held so far, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text(encoding="utf-8"))
    assert found
    return int(found[1]) * 1024


def growth_of_peak(drawing: Drawing, *arguments: object, timeout: float) -> int:
    """Run a function of a module in a new process, for at most `timeout` seconds, and return its result.

    It blocks the thread; a test whose event loop serves the process calls it in another thread.

    Raises:
        PartMissing: this system does not report the peak.
    """
    if not STATUS.exists():
        raise PartMissing("/proc", "reports how much memory a process held; Linux has it")
    module = ".".join(Path(getfile(drawing)).relative_to(TESTS).with_suffix("").parts)
    command = [sys.executable, "-m", "integration.generators.peak_memory", module, drawing.__name__]
    return int(
        subprocess.run(
            [*command, *map(str, arguments)], cwd=TESTS, stdout=subprocess.PIPE, text=True, check=True, timeout=timeout
        ).stdout
    )


def main(module: str, name: str, *arguments: str) -> None:
    """Print the result of a drawing."""
    drawing: Drawing = getattr(import_module(module), name)
    sys.stdout.write(f"{asyncio.run(drawing(*arguments))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
