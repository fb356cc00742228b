"""The metadata of an image file that matters to marks."""

from dataclasses import dataclass

from darkroom.domain.model.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Embedded:
    """The XMP packet of a file, None if it has none, and whether it contains a C2PA manifest."""

    xmp: bytes | None = None
    manifest: bool = False


def misbuilt() -> InvalidValue:
    """Return the error for a file whose structure violates its format."""
    return InvalidValue("it does not conform to its format")
