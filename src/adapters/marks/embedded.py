"""What an image file may carry beside its pixels."""

from dataclasses import dataclass

from darkroom.domain.model.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Embedded:
    """The XMP packet of a file, where it has one, and whether it carries a C2PA manifest."""

    xmp: bytes | None = None
    manifest: bool = False


def misbuilt() -> InvalidValue:
    """A file whose parts do not fit into each other."""
    return InvalidValue("it is not built as its format demands")
