"""A line on the terminal that says for how long something has been going on."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_EVERY: Final = 0.2  # seconds
_CLEAR_LINE: Final = "\r\x1b[K"


@asynccontextmanager
async def progress(what: str) -> AsyncIterator[None]:
    """Show it for the length of the block, where somebody is there to look."""
    if not sys.stderr.isatty():
        yield
        return
    showing = asyncio.create_task(_show(what))
    try:
        yield
    finally:
        showing.cancel()
        print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)


async def _show(what: str) -> None:
    began = asyncio.get_running_loop().time()
    while True:
        elapsed = asyncio.get_running_loop().time() - began
        print(f"{_CLEAR_LINE}{what} ... {elapsed:.0f} s", end="", file=sys.stderr, flush=True)
        await asyncio.sleep(_EVERY)
