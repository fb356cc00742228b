"""Previews, made by a process that is limited in memory, time and pixels."""

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
"""An image of more is not decoded: as many as an order may ask for."""

MEMORY: Final = 1 << 30
"""Bytes of addresses that the process has: an image of `PIXELS`, decoded and made smaller, fits in."""

SECONDS: Final = 20
"""CPU time that the process has."""

LENGTH: Final = 120_000
"""Bytes of a preview without its mark, so that it is below 150 kB with it: noise is drawn the more coarsely."""

_PATIENCE: Final = 120.0  # seconds on the clock, on a machine that is busy with other things
_ENDING: Final = 10.0  # seconds that a process that was killed is waited for
_LARGEST: Final = 2_000_000  # bytes that are read of it
_PIECE: Final = 1 << 16

_FROM_OUTSIDE: Final = (os.EX_TEMPFAIL, -signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM)
"""How it ends if it could not begin, or was stopped along with the service."""

Marked = Callable[[bytes, StoredImage, Generation], bytes]
"""Gives a preview in WebP the mark that the image has."""


class PillowPreviewMaker(PreviewMaker):
    """Makes one at a time: previews take what is left of the machine."""

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
                env={},  # what it decodes must learn no secret
                cwd="/",
                start_new_session=True,  # what a terminal sends to the service is not for it
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
            # Also for a caller who is cancelled again meanwhile.
            await asyncio.shield(asyncio.ensure_future(_end(process)))
        if status in _FROM_OUTSIDE:
            raise PreviewsUnavailable(f"the process ended with {status}, which says nothing of the image")
        if status != 0:
            raise NoPreview(f"the process ended with {status}")
        try:
            file = ImageFile.inspect(made)
        except InvalidValue as flaw:
            raise NoPreview("what was made is not an image") from flaw
        if file.media_type is not MediaType.WEBP or max(file.width, file.height) > self.SIDE:
            raise NoPreview("what was made is not a preview")
        return made


async def _end(process: Process) -> None:
    """End it and collect it; nothing that it has left in its pipes, nor a descriptor of them, stays.

    asyncio says that a process has ended only when its pipes are at their end, as they never are if not read.
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
    with suppress(ConnectionError):  # it has ended before it has read all
        for begin in range(0, len(data), _PIECE):  # so that it is not copied as a whole
            process.stdin.write(data[begin : begin + _PIECE])
            await process.stdin.drain()
    process.stdin.close()


async def _received(process: Process) -> bytes:
    """What it writes; of one that writes without end the beginning, and it is ended."""
    assert process.stdout  # noqa: S101  # it is a pipe
    made = bytearray()
    while len(made) <= _LARGEST and (piece := await process.stdout.read(_PIECE)):
        made += piece
    if len(made) > _LARGEST:
        process.kill()
    return bytes(made)
