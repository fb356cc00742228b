"""Makes previews in a process with limits on memory, time and pixels."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.model.image_file import ImageFile, MediaType
from darkroom.domain.ports import NoPreview, PreviewMaker, PreviewsUnavailable

_PROGRAM: Final = Path(__file__).with_name("program.py")
_FORMATS: Final = {MediaType.PNG: "PNG", MediaType.JPEG: "JPEG", MediaType.WEBP: "WEBP"}

PIXELS: Final = 8192 * 8192
"""The most pixels that are decoded: the largest size of an order."""

MEMORY: Final = 1 << 30
"""Bytes of address space of the process: enough to decode and shrink an image of `PIXELS`."""

SECONDS: Final = 20
"""Seconds of CPU time of the process."""

LENGTH: Final = 120_000
"""The most bytes of a preview before it is marked, so that it has less than 150 kB after that.

Images that do not compress well, such as noise, get a lower quality.
"""

_PATIENCE: Final = 120.0  # seconds of wall-clock time, since the machine may be busy
_ENDING: Final = 10.0  # seconds to wait for a killed process
_LARGEST: Final = 2_000_000  # bytes of output that are read
_PIECE: Final = 1 << 16

_FROM_OUTSIDE: Final = (os.EX_TEMPFAIL, -signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM)
"""Exit statuses of a process that could not begin, or was stopped together with the service."""

Marked = Callable[[bytes, StoredImage, Generation], bytes]
"""Returns a preview, a WebP file, with the same mark as its image."""


class PillowPreviewMaker(PreviewMaker):
    """Makes one preview at a time with Pillow, since previews must not slow down other work."""

    SIDE: Final = 512
    """Pixels of the longest side."""

    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self._turn = asyncio.Semaphore(1)

    async def make(self, data: bytes, image: StoredImage, generation: Generation) -> bytes:
        async with self._turn:
            made = await self._made(data, image.media_type)
        return await asyncio.to_thread(self._marked, made, image, generation)

    async def _made(self, data: bytes, media_type: MediaType) -> bytes:
        limits = (self.SIDE, LENGTH, PIXELS, MEMORY, SECONDS)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(_PROGRAM), _FORMATS[media_type], *map(str, limits)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={},  # an exploit in a decoder must find no secret
                cwd="/",
                start_new_session=True,  # so that signals of a terminal do not reach it
            )
        except OSError as fault:
            raise PreviewsUnavailable(f"no process can be started: {fault}") from fault
        try:
            async with asyncio.timeout(_PATIENCE):
                made, _ = await asyncio.gather(_received(process), _sent(process, data))
                status = await process.wait()
        except TimeoutError as late:
            raise PreviewsUnavailable("the process does not end") from late
        finally:
            # Shielded, so that it also ends if this task is cancelled again.
            await asyncio.shield(asyncio.ensure_future(_end(process)))
        if status in _FROM_OUTSIDE:
            raise PreviewsUnavailable(f"the process ended with {status}, which is not due to the image")
        if status != 0:
            raise NoPreview(f"the process ended with {status}")
        try:
            file = ImageFile.inspect(made)
        except InvalidValue as flaw:
            raise NoPreview("the result is not an image") from flaw
        if file.media_type is not MediaType.WEBP or max(file.width, file.height) > self.SIDE:
            raise NoPreview("the result is not a preview")
        return made


async def _end(process: Process) -> None:
    """Kill a process and wait for it, draining and closing its pipes.

    asyncio considers a process ended only when its pipes are at their end, so unread output would keep it forever.
    """
    with suppress(ProcessLookupError):
        process.kill()
    assert process.stdin  # noqa: S101  # they are pipes
    assert process.stdout  # noqa: S101
    process.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(_ENDING):
            while await process.stdout.read(_PIECE):
                pass
            await process.wait()


async def _sent(process: Process, data: bytes) -> None:
    assert process.stdin  # noqa: S101  # it is a pipe
    with suppress(ConnectionError):  # the process may end before it has read everything
        for begin in range(0, len(data), _PIECE):  # in pieces, so that it is not copied as a whole
            process.stdin.write(data[begin : begin + _PIECE])
            await process.stdin.drain()
    process.stdin.close()


async def _received(process: Process) -> bytes:
    """Return the output of a process; kill it if that is longer than `_LARGEST`."""
    assert process.stdout  # noqa: S101  # it is a pipe
    made = bytearray()
    while len(made) <= _LARGEST and (piece := await process.stdout.read(_PIECE)):
        made += piece
    if len(made) > _LARGEST:
        process.kill()
    return bytes(made)
