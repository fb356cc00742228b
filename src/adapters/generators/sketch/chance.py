"""Whole-number chance: the same stream of numbers on every machine and in every version of Python."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")

_WORD = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def digest(text: str) -> int:
    """64 bits that stand for a text."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def mixed(number: int) -> int:
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014): 64 bits in, 64 well stirred bits out."""
    number &= _WORD
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & _WORD
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & _WORD
    return number ^ (number >> 31)


class Chance:
    """A SplitMix64 stream. Streams forked from one another by name do not disturb each other's numbers."""

    __slots__ = ("_key", "_state")

    def __init__(self, key: int) -> None:
        self._key = key & _WORD
        self._state = mixed(key)

    def fork(self, name: str) -> "Chance":
        """A stream of its own for one subject: adding a subject leaves all the others as they are."""
        return Chance(mixed(self._key + _GOLDEN) ^ digest(name))

    def bits(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + _GOLDEN) & _WORD
        return mixed(self._state)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + (self.bits() * (high - low + 1) >> 64)

    def one_in(self, odds: int) -> bool:
        """True once in `odds` times on average."""
        return self.between(1, odds) == 1

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """One of the choices, each as likely as the other."""
        return choices[self.between(0, len(choices) - 1)]
