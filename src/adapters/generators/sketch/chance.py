"""Random integers: the same sequence on every machine and in every version of Python."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")

_WORD = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def digest(text: str) -> int:
    """Return a 64-bit hash of a text (BLAKE2b)."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def mixed(number: int) -> int:
    """Return the finalizer of SplitMix64 (Steele, Lea, Flood 2014) of the low 64 bits of `number`."""
    number &= _WORD
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & _WORD
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & _WORD
    return number ^ (number >> 31)


class Chance:
    """A SplitMix64 stream; streams forked from it by name are independent of it and of each other."""

    __slots__ = ("_key", "_state")

    def __init__(self, key: int) -> None:
        self._key = key & _WORD
        self._state = mixed(key)

    def fork(self, name: str) -> "Chance":
        """Return an independent stream for one subject, so that adding a subject leaves all others unchanged."""
        return Chance(mixed(self._key + _GOLDEN) ^ digest(name))

    def bits(self) -> int:
        """Return the next 64 bits."""
        self._state = (self._state + _GOLDEN) & _WORD
        return mixed(self._state)

    def between(self, low: int, high: int) -> int:
        """Return a random integer from `low` to `high`, inclusive."""
        return low + (self.bits() * (high - low + 1) >> 64)

    def one_in(self, odds: int) -> bool:
        """Return True with probability 1 / `odds`."""
        return self.between(1, odds) == 1

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """Return one of the choices, each equally likely."""
        return choices[self.between(0, len(choices) - 1)]
