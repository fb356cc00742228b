"""The names in spools, on disk and in a database: `{generation id}.{index}` for an image.

The receipt is `{generation id}.receipt`, and the seed of an image `{generation id}.seed{index}`.
"""

import re
from typing import Final

from darkroom.domain.ports import RECEIPT, seed_index

_NAME: Final = re.compile(r"(.+)\.(?:(receipt)|(seed)?([0-9]+))")


def spooled_name(generation_id: str, index: int) -> str:
    """Return the name for an index of `ImageSpool`: an image, the receipt or a seed."""
    if index == RECEIPT:
        return f"{generation_id}.receipt"
    return f"{generation_id}.{index}" if index >= 0 else f"{generation_id}.seed{seed_index(index)}"


def spooled_image(name: str) -> tuple[str, int] | None:
    """Return the generation id and the index of a name; None if it is not a name in a spool."""
    found = _NAME.fullmatch(name)
    if not found:
        return None
    generation_id, receipt, seed, index = found.groups()
    if receipt:
        return generation_id, RECEIPT
    return generation_id, seed_index(int(index)) if seed else int(index)
