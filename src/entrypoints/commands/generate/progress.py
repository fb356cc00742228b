"""A line on the terminal with the progress of an order, and the elapsed time."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

_EVERY: Final = 0.2  # seconds
_CLEAR_LINE: Final = "\r\x1b[K"


@asynccontextmanager
async def progress() -> AsyncIterator[Callable[[dict[str, Any]], None] | None]:
    """Show the line within the block, and yield the function that updates it; None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    line = _Line()
    showing = asyncio.create_task(line.show())
    try:
        yield line.tell
    finally:
        showing.cancel()
        print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)


class _Line:
    def __init__(self) -> None:
        self._said = "drawing"

    def tell(self, told: dict[str, Any]) -> None:
        self._said = sentence(told)

    async def show(self) -> None:
        began = asyncio.get_running_loop().time()
        while True:
            elapsed = asyncio.get_running_loop().time() - began
            print(f"{_CLEAR_LINE}{self._said} ... {elapsed:.0f} s", end="", file=sys.stderr, flush=True)
            await asyncio.sleep(_EVERY)


def sentence(told: dict[str, Any]) -> str:
    """Return a short description of a progress event."""
    if told["state"] == "drawn":
        return "storing"
    words = f"waiting, at place {told['position']}" if told["position"] else "drawing"
    if told["step"] is not None and told["steps"]:
        words += f", step {told['step']} of {told['steps']}"
    if told["seconds_left"] is not None:
        words += f", about {told['seconds_left']} s left"
    return words
