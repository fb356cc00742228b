"""Reads and writes marks in image files of any supported format."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from darkroom.adapters.marks import jpeg, png, webp, xmp
from darkroom.adapters.marks.embedded import Embedded
from darkroom.adapters.marks.statement import PROVENANCE, Statement
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType

Mark = Callable[[bytes, MediaType, Statement], bytes]
"""Returns a copy of a file of that type with the statement in it and bit-identical pixels.

Raises:
    InvalidValue: the file cannot be marked; the message says why.
"""


class Format(Protocol):
    """The functions that the module of each format defines."""

    def embedded(self, data: bytes) -> Embedded:
        """Return a file's metadata."""

    def with_xmp(self, data: bytes, packet: bytes) -> bytes:
        """Return the file with `packet` as its only XMP packet."""


_FORMATS: Final[Mapping[MediaType, Format]] = {MediaType.PNG: png, MediaType.JPEG: jpeg, MediaType.WEBP: webp}


def embedded(data: bytes, media_type: MediaType) -> Embedded:
    """Return a file's metadata.

    Raises:
        InvalidValue: the file is malformed or incomplete.
    """
    return _FORMATS[media_type].embedded(data)


def stated_in_xmp(data: bytes, media_type: MediaType, statement: Statement) -> bytes:
    """Mark a file with XMP only (a `Mark`); equal input gives equal bytes.

    A file with a C2PA manifest is returned unchanged, since any change would invalidate its signature.
    """
    found = embedded(data, media_type)
    return data if vouched_for(found) else with_statement(data, media_type, statement, found)


def with_statement(data: bytes, media_type: MediaType, statement: Statement, found: Embedded) -> bytes:
    """Return the file with the statement added to its XMP; `found` is its present metadata."""
    return _FORMATS[media_type].with_xmp(data, statement.packet(found.xmp))


def vouched_for(found: Embedded) -> bool:
    """Return whether the file has a C2PA manifest, embedded or remote."""
    return found.manifest or PROVENANCE in properties(found)


def properties(found: Embedded) -> xmp.Properties:
    """Return the simple properties of the XMP packet; empty if there is none or it is unreadable."""
    try:
        return xmp.read(found.xmp) if found.xmp is not None else {}
    except InvalidValue:
        return {}
