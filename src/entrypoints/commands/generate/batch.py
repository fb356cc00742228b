"""Draws many prompts, one for each line, as separate orders with separate keys."""

import asyncio
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from darkroom.domain.model.errors import InvalidValue
from darkroom.entrypoints.commands.generate.client import Client, Json
from darkroom.entrypoints.commands.generate.outcome import Drawn, came_of, print_outcome, status_of
from darkroom.entrypoints.failures import tell

Order = Mapping[str, object]
SaveImage = Callable[[Json, str], Awaitable[Drawn]]
"""Fetches an image of a prompt, and writes it to a file."""

STDIN = "-"


def read_prompts(source: str) -> Sequence[str]:
    """Return the lines of a file, or of standard input for `-`, that are not blank.

    Raises:
        InvalidValue: it cannot be read, or contains no prompt.
    """
    try:
        text = (sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()).decode("utf-8-sig")
    except OSError as fault:
        raise InvalidValue(f"must be a file that can be read, not {source}: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise InvalidValue(f"must be a file in UTF-8, not {source}") from fault
    # `str.splitlines` also splits at U+2028 and other characters, which may be within a prompt.
    prompts = [line for line in map(str.strip, re.split(r"\r\n|\r|\n", text)) if line]
    if not prompts:
        raise InvalidValue(f"must hold a prompt a line, not {source}")
    return prompts


def keyed(orders: Iterable[Order], name: str) -> list[tuple[str, Order]]:
    """Return each order with an idempotency key derived from it, so that a repeated run has the same keys.

    An order that occurs twice gets two keys. `name` distinguishes this run from others with the same orders.
    """
    times = Counter[str]()
    found = []
    for order in orders:
        said = json.dumps([name, order], sort_keys=True)
        times[said] += 1
        found.append((hashlib.sha256(f"{said} {times[said]}".encode()).hexdigest()[:40], order))
    return found


class Batch:
    """Places a batch of orders, at most `jobs` at once, and prints the outcome of each as soon as it is known."""

    def __init__(self, client: Client, *, jobs: int, as_json: bool) -> None:
        self._client, self._jobs, self._as_json = client, jobs, as_json
        self._status = 0

    async def __call__(self, orders: Sequence[tuple[str, Order]], save: SaveImage) -> int:
        """Place all orders, pass each image to `save`, and return the exit status: that of the worst outcome."""
        waiting = iter(orders)

        async def work() -> None:
            for key, order in waiting:
                await self._order(key, order, save)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._jobs, len(orders))):
                    group.create_task(work())
        except asyncio.CancelledError:
            tell("interrupted; orders that were already sent may go on (charged: unknown)", _AGAIN)
            raise
        if self._status:
            tell(_AGAIN)
        return self._status

    async def _order(self, key: str, order: Order, save: SaveImage) -> None:
        images, problem = await came_of(self._client.draw(order, key))
        drawn = [await save(image, str(order["prompt"])) for image in images]
        self._status = max(self._status, status_of(drawn, problem))
        if self._as_json:
            line = {"prompt": order["prompt"], "key": key, **(problem or {}), "images": [asdict(one) for one in drawn]}
            print(json.dumps(line, ensure_ascii=False))
        else:
            if problem:
                tell(f"{order['prompt']}:")
            print_outcome(drawn, problem, as_json=False)
        with suppress(BrokenPipeError):
            sys.stdout.flush()


_AGAIN = "the same command again orders what is missing, and pays for nothing twice"
