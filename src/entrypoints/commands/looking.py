"""The common part of commands that read from a service."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from darkroom.entrypoints.commands.generate.client import Client, Problem
from darkroom.entrypoints.commands.generate.outcome import tell_problem
from darkroom.entrypoints.commands.generate.services import service
from darkroom.entrypoints.failures import FAILED
from darkroom.entrypoints.settings import Settings

T = TypeVar("T")


def look(
    arguments: argparse.Namespace,
    settings: Settings,
    ask: Callable[[Client], Awaitable[T]],
    show: Callable[[T], None],
) -> int:
    """Call `ask` with the service that the arguments name, and print its answer with `show`, or as JSON for `--json`.

    Return the exit status.
    """

    async def asked() -> T:
        async with service(arguments, settings) as client:
            return await ask(client)

    try:
        answer = asyncio.run(asked())
    except Problem as fault:
        if arguments.json:
            print(json.dumps(fault.members, indent=2, ensure_ascii=False))
        tell_problem(fault.members)
        return FAILED
    if arguments.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        show(answer)
    return 0
