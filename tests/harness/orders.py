"""Orders to place, each with a separate key."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Order:
    """An order, and its idempotency key.

    Every order has a different prompt, by which charges and images are matched with it.
    """

    key: str
    prompt: str
    samples: int = 1
    seeds: tuple[int, ...] | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the request. It orders the smallest images that Karlo draws, since size does not matter."""
        seeds = {} if self.seeds is None else {"seed": list(self.seeds)}
        size = {"version": "v2.0", "width": 384, "height": 384}
        return {**size, "prompt": self.prompt, "samples": self.samples, **seeds, **self.more}


def orders(chance: random.Random) -> Iterator[Order]:
    """Yield orders without end, of one to three images, some with seeds."""
    series = f"{chance.getrandbits(32):08x}"
    for number in itertools.count():
        samples = chance.choice((1, 1, 2, 3))
        seeds = tuple(chance.randrange(2**32) for _ in range(samples)) if chance.random() < 0.5 else None
        yield Order(
            key=f"key {series} {number}", prompt=f"order {number} of series {series}", samples=samples, seeds=seeds
        )
