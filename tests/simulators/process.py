"""A simulator in a separate process, for tests that measure memory, or kill other processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from servers.process import Process

TESTS = Path(__file__).parents[1]


class SimulatorProcess:
    """A client of a simulator's `/_control/`, which blocks; `base_url` is the URL of the simulated API."""

    def __init__(self, base_url: str, control: httpx.Client) -> None:
        self.base_url = base_url
        self._control = control

    def charges(self) -> dict[str, Any]:
        """Return the charges, as `ChargeBook.described` describes them."""
        charges: dict[str, Any] = self._control.get("charges").raise_for_status().json()
        return charges

    def set_fault(self, name: str, **options: float) -> None:
        self._control.put("faults", json={"name": name, **options}).raise_for_status()

    def clear_faults(self) -> None:
        self._control.delete("faults").raise_for_status()

    def reset(self) -> None:
        self._control.post("reset").raise_for_status()


@contextmanager
def simulator_process(provider: str, *arguments: str) -> Iterator[SimulatorProcess]:
    """Run `python -m simulators.{provider}` on a free port within the block; its `--help` lists the `arguments`.

    Raises:
        ProgramFailed: it did not start.
    """
    command = [sys.executable, "-m", f"simulators.{provider}", "--port", "0", *arguments]
    with Process(command, folder=TESTS) as process:
        base_url = process.wait_for(r" is ready at (\S+)")[1]
        with httpx.Client(base_url=f"{base_url}/_control/", trust_env=False) as control:
            yield SimulatorProcess(base_url, control)
