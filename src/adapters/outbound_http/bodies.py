"""Reads the body of an answer and decompresses it, judging by its bytes rather than by its headers."""

import asyncio
import logging
import zlib
from pathlib import Path
from typing import Final, cast

import httpx

from darkroom.adapters.byte_room import ByteRoom, Stay
from darkroom.adapters.outbound_http.arriving import ArrivingBytes, BodyFlawed
from darkroom.adapters.outbound_http.provider_time import ProviderTime

log = logging.getLogger(__name__)

_PIECE: Final = 2**20  # most bytes of output of one call of the decompressor
_FED: Final = 2**16  # most bytes of its input
_TRAILER: Final = 8  # bytes: gzip's checksum and length; zlib's checksum has 4
_LAYERS: Final = 3  # bodies are sometimes compressed twice
_GZIP, _ZLIB, _RAW_DEFLATE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_START: Final = b"\x1f\x8b"
# Codings that are not supported. Other unknown names are ignored: AWS's SDKs leave `aws-chunked`, which described the
# upload only.
_OF_OTHERS: Final = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
# How uncompressed answers begin: the supported image formats, JSON, HTML, a byte order mark.
_PLAIN: Final = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"{", b"[", b"<", b"\xef\xbb\xbf")


class CutShort(BodyFlawed):
    """A body ended too early."""


class BodyReader:
    """Reads and decompresses bodies of limited length into `ArrivingBytes`, within one memory budget."""

    def __init__(self, room: ByteRoom, folder: Path | None = None) -> None:
        self._room, self._folder = room, folder

    def new(self, longest: int, stay: Stay) -> ArrivingBytes:
        """Return an empty buffer for a body of at most `longest` bytes."""
        return ArrivingBytes(self._room, longest, stay, self._folder)

    async def read(self, response: httpx.Response, body: ArrivingBytes, limit: ProviderTime) -> None:
        """Read a response into `body`, up to that buffer's limit, and close it.

        `limit` is running, and stops while a piece waits for room. After an error, `body` holds what came before it.

        Raises:
            BodyFlawed: the response is longer than the limit.
            httpx.TransportError: the connection failed.
        """
        try:
            async for piece in cast("httpx.AsyncByteStream", response.stream):  # an asynchronous transport's
                if not body.keep(piece):
                    with limit.stopped():
                        await body.add(piece)
        finally:
            await response.aclose()

    async def unpacked(self, body: ArrivingBytes, claimed: str, longest: int, stay: Stay) -> ArrivingBytes:
        """Return `body` if it is not compressed; otherwise close it and return its decompressed content.

        gzip and zlib are recognised by their first bytes. `claimed`, the header `Content-Encoding`, decides only for
        raw deflate and for unsupported codings, and only if the bytes do not look uncompressed. At most `longest`
        bytes are written.

        Raises:
            BodyFlawed: the coding is unsupported, the data is corrupt, or the content exceeds `longest` bytes; `body`
                is unchanged.
            CutShort: the compressed data ends too early.
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
            raise BodyFlawed(f"is compressed with {unread[0]}, which was not requested")
        return body


def _is_plain(data: bytes) -> bool:
    return data.lstrip().startswith(_PLAIN)


def _window(data: bytes, codings: list[str]) -> int:
    """Return zlib's `wbits` for the coding of this body; 0 if it is not compressed."""
    if data.startswith(_GZIP_START):
        return _GZIP
    # RFC 1950, 2.2: the method 8, and a check over the first two bytes.
    if data[:1] == b"\x78" and len(data) > 1 and int.from_bytes(data[:2], "big") % 31 == 0:
        return _ZLIB
    return _RAW_DEFLATE if "deflate" in codings and data and not _is_plain(data) else 0


async def _unpack(data: bytes, window: int, plain: ArrivingBytes) -> bool:
    """Decompress `data` into `plain`; return False if it was not compressed after all."""
    position, ended = 0, True
    while ended and (position == 0 or data.startswith(_GZIP_START, position)):  # RFC 1952, 2.2: several may follow
        try:
            position, ended = await _unpack_one(data, position, zlib.decompressobj(window), plain)
        except zlib.error as broken:
            if position:
                break  # ignore garbage behind the last member
            if not len(plain):
                return False
            raise BodyFlawed("is compressed, and damaged") from broken
    if not ended:
        raise CutShort("is compressed, and cut short")
    return True


async def _unpack_one(
    data: bytes, position: int, unpacker: "zlib._Decompress", plain: ArrivingBytes
) -> tuple[int, bool]:
    """Decompress one member into `plain`; return the position behind it and whether it was complete."""
    while position < len(data) and not unpacker.eof:
        # The checksum is fed separately: if it is wrong, the content before it is kept.
        end = min(position + _FED, max(position + _TRAILER, len(data) - _TRAILER), len(data))
        fed = data[position:end]
        try:
            while fed and not unpacker.eof:
                await plain.add(unpacker.decompress(fed, _PIECE))
                fed = unpacker.unconsumed_tail
                await asyncio.sleep(0)  # let other tasks run after each piece
        except zlib.error:
            if len(plain) and end == len(data) and end - position <= _TRAILER:
                log.warning("a compressed answer has a wrong checksum")
                return len(data), True
            raise
        position = end
    return position - len(unpacker.unused_data), unpacker.eof
