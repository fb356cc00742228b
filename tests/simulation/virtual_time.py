"""An event loop whose clock jumps: nothing really waits, and everything happens in the same order each time."""

import asyncio
import random
import selectors
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from darkroom.domain.model import generation, identifiers

T = TypeVar("T")


class _JumpingSelector(selectors.SelectSelector):
    """Moves the clock to the next timer instead of sleeping until then."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time passes only when every task waits for it."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time, even if that is hours."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


@contextmanager
def repeatable_secrets(seed: int) -> Iterator[None]:
    """Within the block, ids come from the loop's time and from chance with this seed, and image seeds from chance too.

    The ledger sorts by ids, and which models can take over an order depends on the seeds of its images.
    """
    chance = random.Random(seed)
    ours = SimpleNamespace(token_bytes=chance.randbytes, randbelow=chance.randrange)

    def time_ns() -> int:
        return int(1e9 * asyncio.get_running_loop().time())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identifiers, "time", SimpleNamespace(time_ns=time_ns))
        patch.setattr(identifiers, "secrets", ours)
        patch.setattr(generation, "secrets", ours)
        yield
