"""The names under which images wait in a spool, on disk and in a database: `{generation id}.{index}`."""

from darkroom.domain.ports import RECEIPT

_RECEIPT = "receipt"


def spooled_name(generation_id: str, index: int) -> str:
    """The name of an image, or of a generation's receipt."""
    return f"{generation_id}.{_RECEIPT if index == RECEIPT else index}"


def spooled_image(name: str) -> tuple[str, int] | None:
    """The generation's id and the index that a name stands for; None if it is another file's."""
    generation_id, _, index = name.rpartition(".")
    if index == _RECEIPT:
        return generation_id, RECEIPT
    return (generation_id, int(index)) if generation_id and index.isascii() and index.isdigit() else None
