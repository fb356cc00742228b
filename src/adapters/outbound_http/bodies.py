"""Reading the body of an answer, and unpacking it if it is packed: by its bytes, whatever its headers claim."""

import asyncio
import logging
import zlib
from pathlib import Path
from typing import Final, cast

import httpx

from darkroom.adapters.byte_room import ByteRoom, Stay
from darkroom.adapters.outbound_http.arriving import ArrivingBytes, BodyFlawed

log = logging.getLogger(__name__)

_PIECE: Final = 2**20  # bytes unpacked in one go
_FED: Final = 2**16
_TRAILER: Final = 8  # bytes of gzip's checksum and length; zlib's are four
_LAYERS: Final = 3  # packed once is usual, twice happens
_GZIP, _ZLIB, _RAW_DEFLATE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_START: Final = b"\x1f\x8b"
# What packs and is not read here. Any other name is a label: AWS's SDKs leave `aws-chunked`, which was the transfer's.
_OF_OTHERS: Final = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
# What an answer begins with that is not packed: images that are kept, JSON, a page of HTML.
_PLAIN: Final = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"{", b"[", b"<", b"\xef\xbb\xbf")


class CutShort(BodyFlawed):
    """A body ended before its own end."""


class BodyReader:
    """Reads answers up to a number of bytes, packed and unpacked; `ArrivingBytes` says where they lie meanwhile."""

    def __init__(self, room: ByteRoom, folder: Path | None = None) -> None:
        self._room, self._folder = room, folder

    def new(self, longest: int, stay: Stay) -> ArrivingBytes:
        """A body of which nothing has come yet."""
        return ArrivingBytes(self._room, longest, stay, self._folder)

    async def read(self, response: httpx.Response, body: ArrivingBytes) -> None:
        """Read a response to its end, but no further than the body may be long, and close it.

        What came before an error is in the body afterwards.

        Raises:
            BodyFlawed: it is longer.
            httpx.TransportError: it was cut off.
        """
        try:
            async for piece in cast("httpx.AsyncByteStream", response.stream):  # an asynchronous transport's
                await body.add(piece)
        finally:
            await response.aclose()

    async def unpacked(self, body: ArrivingBytes, claimed: str, longest: int, stay: Stay) -> ArrivingBytes:
        """The same body if it is not packed, else another one that holds what was packed; the packed one is closed.

        gzip and deflate are recognised by their bytes, unless these are plain already: `claimed`, the header
        `Content-Encoding`, decides only where the bytes say nothing. Never more than `longest` bytes are unpacked.

        Raises:
            BodyFlawed: it is packed in a way that is not read here, or stands for more than `longest` bytes; the body
                is as it was.
            CutShort: it ends before its end.
        """
        codings = [coding.strip() for coding in claimed.lower().split(",")]
        for _ in range(_LAYERS):
            data = await body.whole()
            if not (window := _window(data, codings)):
                break
            plain = self.new(longest, stay)
            try:
                came = await _unpack(data, window, plain)
            except BodyFlawed:
                plain.close()
                raise
            if not came:
                plain.close()
                break
            body.close()
            body = plain
        if unread := [coding for coding in codings if coding in _OF_OTHERS and not _is_plain(await body.whole())]:
            raise BodyFlawed(f"is packed with {unread[0]}, although that was not asked for")
        return body


def _is_plain(data: bytes) -> bool:
    return data.lstrip().startswith(_PLAIN)


def _window(data: bytes, codings: list[str]) -> int:
    """The `wbits` of zlib for the coding of this body; 0 if it is not packed."""
    if data.startswith(_GZIP_START):
        return _GZIP
    # RFC 1950, 2.2: the method 8, and a check over the first two bytes.
    if data[:1] == b"\x78" and len(data) > 1 and int.from_bytes(data[:2], "big") % 31 == 0:
        return _ZLIB
    return _RAW_DEFLATE if "deflate" in codings and data and not _is_plain(data) else 0


async def _unpack(data: bytes, window: int, plain: ArrivingBytes) -> bool:
    """Unpack into `plain`; False if it was not packed after all."""
    position, ended = 0, True
    while ended and (position == 0 or data.startswith(_GZIP_START, position)):  # RFC 1952, 2.2: several may follow
        try:
            position, ended = await _unpack_one(data, position, zlib.decompressobj(window), plain)
        except zlib.error as broken:
            if position:
                break  # what follows what was packed is nothing
            if not len(plain):
                return False
            raise BodyFlawed("is packed, and broken") from broken
    if not ended:
        raise CutShort("is packed, and cut short")
    return True


async def _unpack_one(
    data: bytes, position: int, unpacker: "zlib._Decompress", plain: ArrivingBytes
) -> tuple[int, bool]:
    """The position behind it, and whether it came to its end."""
    while position < len(data) and not unpacker.eof:
        # The checksum at the end comes by itself, so that a wrong one costs nothing of what was unpacked before it.
        end = min(position + _FED, max(position + _TRAILER, len(data) - _TRAILER), len(data))
        fed = data[position:end]
        try:
            while fed and not unpacker.eof:
                await plain.add(unpacker.decompress(fed, _PIECE))
                fed = unpacker.unconsumed_tail
                await asyncio.sleep(0)  # unpacking keeps the others waiting no longer than for a piece
        except zlib.error:
            if len(plain) and end == len(data) and end - position <= _TRAILER:
                log.warning("a packed answer has another checksum than it should have")
                return len(data), True
            raise
        position = end
    return position - len(unpacker.unused_data), unpacker.eof
