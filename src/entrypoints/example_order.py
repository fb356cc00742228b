"""A first order, to try the service with."""

from typing import Final

PROMPT: Final = "a lighthouse over a stormy sea at dusk"
_SIDE: Final = 640  # pixels


def example_side(least: int, most: int, step: int) -> int:
    """A side of an image that a model takes: 640 pixels, or what comes next to it."""
    return min(max(_SIDE - _SIDE % step, least), most)
