"""An example order, for trying the service."""

from typing import Final

PROMPT: Final = "a lighthouse over a stormy sea at dusk"
_SIDE: Final = 640  # pixels


def example_side(least: int, most: int, step: int) -> int:
    """Return a valid length for a side of an image, in pixels: 640, or the nearest below; else a bound."""
    return min(max(_SIDE - _SIDE % step, least), most)
