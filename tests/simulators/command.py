"""Runs a simulator on the command line: prints its URL and the settings for Darkroom, and serves until stopped."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from simulators.provider import ProviderSimulator

S = TypeVar("S", bound=ProviderSimulator)


def run_for_a_key(
    name: str,
    simulate: Callable[..., S],
    settings: Callable[[S], dict[str, str]],
    *,
    key: str,
    port: int,
    images_per_minute: int = 0,
) -> None:
    """Run the simulator of a provider with an API key and a quota of images per minute.

    `key`, `port` and `images_per_minute` (0 for no quota) are the defaults of the command line.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {simulate.__module__.rpartition('.')[0]}", description=name)
    parser.add_argument("--port", type=int, default=port, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-key", default=key, help="the key to accept; default: %(default)s")
    parser.add_argument(
        "--images-per-minute", type=int, default=images_per_minute, help="quota, 0 for none; default: %(default)s"
    )
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="how long a drawing takes")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = simulate(
        given.api_key,
        port=given.port,
        images_per_minute=given.images_per_minute or None,
        seconds_per_image=given.seconds_per_image,
        charges_file=given.charges_file,
    )
    run(name, simulator, settings)


def run(name: str, simulator: S, settings: Callable[[S], dict[str, str]]) -> None:
    """Serve until SIGINT or SIGTERM. `settings` returns Darkroom's settings, once the simulator listens."""
    asyncio.run(_serve(name, simulator, settings))


async def _serve(name: str, simulator: S, settings: Callable[[S], dict[str, str]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with simulator:
        sys.stdout.write(_greeting(name, simulator.base_url, settings(simulator)))
        sys.stdout.flush()
        await stop.wait()


def _greeting(name: str, base_url: str, settings: dict[str, str]) -> str:
    variables = "".join(f"    {variable}={value} \\\n" for variable, value in settings.items())
    return f"""{name} is ready at {base_url}

Point Darkroom at it:
{variables}    make run

A prompt that contains [fault:NAME option=value ...] orders a fault.
  all faults        curl {base_url}/_control/menu
  charges           curl {base_url}/_control/charges
"""
