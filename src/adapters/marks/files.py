"""Files that carry a mark, whatever their format."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from darkroom.adapters.marks import jpeg, png, webp, xmp
from darkroom.adapters.marks.embedded import Embedded
from darkroom.adapters.marks.statement import PROVENANCE, Statement
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType

Mark = Callable[[bytes, MediaType, Statement], bytes]
"""Gives a whole file of that type with the statement in it; the pixels are the same to the bit.

`InvalidValue` says why that cannot be done.
"""


class Format(Protocol):
    """What the module of a format offers."""

    def embedded(self, data: bytes) -> Embedded:
        """What a file carries."""

    def with_xmp(self, data: bytes, packet: bytes) -> bytes:
        """The same file with this packet."""


_FORMATS: Final[Mapping[MediaType, Format]] = {MediaType.PNG: png, MediaType.JPEG: jpeg, MediaType.WEBP: webp}


def embedded(data: bytes, media_type: MediaType) -> Embedded:
    """What a file carries beside its pixels; `InvalidValue` where it is not whole."""
    return _FORMATS[media_type].embedded(data)


def stated_in_xmp(data: bytes, media_type: MediaType, statement: Statement) -> bytes:
    """A `Mark`: equal input gives equal bytes.

    A file that a C2PA manifest vouches for is left as it is: one more byte would break what is signed.
    """
    found = embedded(data, media_type)
    return data if vouched_for(found) else with_statement(data, media_type, statement, found)


def with_statement(data: bytes, media_type: MediaType, statement: Statement, found: Embedded) -> bytes:
    """The same file with the statement in its XMP, `found` being what it carries by now."""
    return _FORMATS[media_type].with_xmp(data, statement.packet(found.xmp))


def vouched_for(found: Embedded) -> bool:
    """Whether the file has a C2PA manifest, within it or elsewhere."""
    return found.manifest or PROVENANCE in properties(found)


def properties(found: Embedded) -> xmp.Properties:
    """What the XMP packet says; nothing where there is none that can be read."""
    try:
        return xmp.read(found.xmp) if found.xmp is not None else {}
    except InvalidValue:
        return {}
