"""Buffers the body of an answer while it arrives: in memory if there is room, otherwise on disk, up to a limit."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final, TypeVar

from darkroom.adapters.byte_room import ByteRoom, Stay
from darkroom.domain.model.errors import DrawingFailed, Evidence

F = TypeVar("F", bound=DrawingFailed)

_IN_MEMORY: Final = 4 * 2**20  # bytes

log = logging.getLogger(__name__)


class BodyFlawed(Exception):
    """A body is unusable. The message is a predicate without its subject, such as "is longer than 9 bytes"."""


def with_evidence(failure: F, evidence: bytes | Evidence) -> F:
    """Attach the received part of an answer, from `ArrivingBytes.evidence`, to `failure` and return it."""
    if isinstance(evidence, bytes):
        failure.evidence = evidence
    else:
        failure.further_evidence = (evidence,)
    return failure


class LongEvidence(Evidence):
    """The received part of an answer in an unnamed temporary file, which lives as long as this object.

    An exception carries it, so the garbage collector may finalise it in any order. It therefore holds a bare file
    descriptor, which `__del__` can always close.
    """

    def __init__(self, file: IO[bytes]) -> None:
        with file:
            self._descriptor = os.dup(file.fileno())

    def read(self) -> bytes:
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)

    def __del__(self) -> None:
        os.close(self._descriptor)


class ArrivingBytes:
    """A buffer to which bytes are added piece by piece, and from which they are read as a whole.

    A piece stays in memory if `room` has space for it. If not, or if the body exceeds 4 MiB, everything moves to a file
    and its room is given back. A half-received body therefore never waits for another, and its connection is always
    read. The bytes count against `room` until `close`, which the end of the stay calls at the latest.
    """

    def __init__(self, room: ByteRoom, longest: int, stay: Stay, folder: Path | None = None) -> None:
        """`longest` is in bytes. `folder` is for the file; None means the system's temporary folder."""
        self._room, self._longest, self._stay, self._folder = room, longest, stay, folder
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._length = self._held = self._written = 0
        stay.at_its_end(self.close)

    def __len__(self) -> int:
        return self._length

    def keep(self, piece: bytes) -> bool:
        """Append a piece if there is room for it in memory now; return whether there was."""
        length = self._length + len(piece)
        if self._file is not None or length > min(_IN_MEMORY, self._longest) or not self._room.offers(len(piece)):
            return False
        self._length = length
        self._held += len(piece)
        self._pieces.append(piece)
        return True

    async def add(self, piece: bytes) -> None:
        """Append a piece; if memory has no room for it, the whole body is moved to a file.

        Raises:
            BodyFlawed: the body exceeds `longest` bytes; the excess is dropped.
        """
        fitting = piece[: self._longest - self._length]
        if not self.keep(fitting):
            self._length += len(fitting)
            await self._to_file(fitting)
        if len(fitting) < len(piece):
            raise BodyFlawed(f"is longer than {self._longest} bytes")

    async def whole(self) -> bytes:
        """Return the whole body, in memory."""
        if self._file is not None and not self._pieces:
            self._held = await self._room.take(self._length, self._stay)
            self._pieces = [await asyncio.to_thread(os.pread, self._file.fileno(), self._length, 0)]
        if len(self._pieces) != 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]

    def evidence(self) -> bytes | Evidence:
        """Return the body as evidence for the operator: in its file if it has one, which then outlives `close`."""
        if self._file is None:
            return b"".join(self._pieces)
        file, self._file = self._file, None
        return LongEvidence(file)

    def close(self) -> None:
        """Drop the body and give its room back."""
        self._pieces.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
        held, self._held = self._held, 0
        self._room.give_back(held)

    async def _to_file(self, piece: bytes) -> None:
        pieces = [*self._pieces, piece]
        try:
            if self._file is None:
                self._file = await asyncio.to_thread(_new_file, self._folder)
            await asyncio.to_thread(_append, self._file, pieces)
        except OSError as fault:
            # A paid answer is not dropped because the disk is full: it waits for the place beyond the room.
            log.warning("no room on the disk for a provider's answer: %s", fault.strerror)
            await self._beyond_the_room(piece)
            return
        self._pieces.clear()
        self._written += sum(map(len, pieces))
        held, self._held = self._held, 0
        self._room.give_back(held)

    async def _beyond_the_room(self, piece: bytes) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with file:
                if self._written:
                    self._held += await self._room.take(self._written, self._stay)
                    self._pieces = [await asyncio.to_thread(os.pread, file.fileno(), self._written, 0)]
        self._held += await self._room.take(len(piece), self._stay)
        self._pieces.append(piece)


def _new_file(folder: Path | None) -> IO[bytes]:
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


def _append(file: IO[bytes], pieces: Iterable[bytes]) -> None:
    file.writelines(pieces)
    file.flush()
