"""Reading an answer no further than it may be long."""

from typing import cast

import httpx


class BodyFlawed(Exception):
    """What came of a body is not to be used; the message, read after its subject, says why."""


async def read_capped(response: httpx.Response, pieces: list[bytes], longest: int) -> None:
    """Read the pieces of a response to its end, but no more than `longest` bytes of it, and close it.

    What came before an error is in `pieces` afterwards. Nothing is unpacked: a hundred kilobytes of gzip may stand for
    hundreds of megabytes.

    Raises:
        BodyFlawed: it is longer, or packed although nobody asked for that.
        httpx.TransportError: it was cut off.
    """
    room = longest
    try:
        async for piece in cast("httpx.AsyncByteStream", response.stream):  # an asynchronous transport's
            pieces.append(piece[:room])
            room -= len(piece)
            if room < 0:
                raise BodyFlawed(f"is longer than {longest} bytes")
    finally:
        await response.aclose()
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise BodyFlawed("is packed, although that was not asked for")
