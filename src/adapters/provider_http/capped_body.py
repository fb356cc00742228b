"""Reading an answer no further than it may be long."""

from typing import cast

import httpx


class BodyFlawed(Exception):
    """What came of a body is not to be used; the message, read after its subject, says why."""


async def read_capped(response: httpx.Response, body: bytearray, longest: int) -> None:
    """Read a response to its end into `body`, but no more than `longest` bytes of it, and close it.

    What came before an error is in `body` afterwards. Nothing is unpacked: a hundred kilobytes of gzip may stand for
    hundreds of megabytes.

    Raises:
        BodyFlawed: it is longer, or packed although nobody asked for that.
        httpx.TransportError: it was cut off.
    """
    try:
        async for piece in cast("httpx.AsyncByteStream", response.stream):  # an asynchronous transport's
            room = longest - len(body)
            body += piece[:room]
            if len(piece) > room:
                raise BodyFlawed(f"is longer than {longest} bytes")
    finally:
        await response.aclose()
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise BodyFlawed("is packed, although that was not asked for")
