"""The names under which images wait in a spool, on disk and in a database: `{generation id}.{index}`.

A generation's receipt is `{generation id}.receipt`, and the seed that drew an image `{generation id}.seed{index}`.
"""

import re
from typing import Final

from darkroom.domain.ports import RECEIPT, seed_index

_NAME: Final = re.compile(r"(.+)\.(?:(receipt)|(seed)?([0-9]+))")


def spooled_name(generation_id: str, index: int) -> str:
    """The name of an image, or of what else is kept of a generation."""
    if index == RECEIPT:
        return f"{generation_id}.receipt"
    return f"{generation_id}.{index}" if index >= 0 else f"{generation_id}.seed{seed_index(index)}"


def spooled_image(name: str) -> tuple[str, int] | None:
    """The generation's id and the index that a name stands for; None if it is another file's."""
    found = _NAME.fullmatch(name)
    if not found:
        return None
    generation_id, receipt, seed, index = found.groups()
    if receipt:
        return generation_id, RECEIPT
    return generation_id, seed_index(int(index)) if seed else int(index)
