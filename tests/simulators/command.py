"""A simulator on the command line: says where it is, how Darkroom is pointed at it, and serves until told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

from simulators.provider import ProviderSimulator

S = TypeVar("S", bound=ProviderSimulator)


def run(name: str, simulator: S, settings: Callable[[S], dict[str, str]]) -> None:
    """Serves until SIGINT or SIGTERM. `settings` are Darkroom's, known once the simulator listens."""
    asyncio.run(_serve(name, simulator, settings))


async def _serve(name: str, simulator: S, settings: Callable[[S], dict[str, str]]) -> None:
    told_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    async with simulator:
        sys.stdout.write(_greeting(name, simulator.base_url, settings(simulator)))
        sys.stdout.flush()
        await told_to_stop.wait()


def _greeting(name: str, base_url: str, settings: dict[str, str]) -> str:
    variables = "".join(f"    {variable}={value} \\\n" for variable, value in settings.items())
    return f"""{name} is ready at {base_url}

Point Darkroom at it:
{variables}    make run

A prompt that holds [fault:NAME option=value ...] orders a fault.
  its faults        curl {base_url}/_control/menu
  what it charged   curl {base_url}/_control/charges
"""
