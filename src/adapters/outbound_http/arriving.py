"""The body of an answer as it arrives: in memory as far as there is room, else on the disk; never beyond a limit."""

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
    """What came of a body is not to be used; the message, read after its subject, says why."""


def with_evidence(failure: F, evidence: bytes | Evidence) -> F:
    """A failure with what came of an answer, as `ArrivingBytes` gives it."""
    if isinstance(evidence, bytes):
        failure.evidence = evidence
    else:
        failure.further_evidence = (evidence,)
    return failure


class LongEvidence(Evidence):
    """What came of an answer, in a file without a name, for as long as this lives.

    It is carried by an exception, so the garbage collector may end it; a bare descriptor is closed
    whatever else is ended first.
    """

    def __init__(self, file: IO[bytes]) -> None:
        with file:
            self._descriptor = os.dup(file.fileno())

    def read(self) -> bytes:
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)

    def __del__(self) -> None:
        os.close(self._descriptor)


class ArrivingBytes:
    """Bytes that are added piece by piece, and read together when all are here.

    While pieces come, room is taken for each if it is free; if it is not, or they become more than images usually are,
    all of them go to a file, and what they held is given back. So a body that is half here waits for no other, and the
    connection that it comes on is always read. They are counted until this is closed, at the latest at the end of the
    stay that they belong to.
    """

    def __init__(self, room: ByteRoom, longest: int, stay: Stay, folder: Path | None = None) -> None:
        """`longest` in bytes. `folder` is where the file would be, None for the system's own."""
        self._room, self._longest, self._stay, self._folder = room, longest, stay, folder
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._length = self._held = self._written = 0
        stay.at_its_end(self.close)

    def __len__(self) -> int:
        return self._length

    async def add(self, piece: bytes) -> None:
        """Add a piece.

        Raises:
            BodyFlawed: they are more than `longest` bytes now; what goes beyond is left out.
        """
        fitting = piece[: self._longest - self._length]
        self._length += len(fitting)
        if self._file is None and self._length <= _IN_MEMORY and self._room.offers(len(fitting)):
            self._held += len(fitting)
            self._pieces.append(fitting)
        else:
            await self._to_file(fitting)
        if len(fitting) < len(piece):
            raise BodyFlawed(f"is longer than {self._longest} bytes")

    async def whole(self) -> bytes:
        """All of it, in memory."""
        if self._file is not None and not self._pieces:
            self._held = await self._room.take(self._length, self._stay)
            self._pieces = [await asyncio.to_thread(os.pread, self._file.fileno(), self._length, 0)]
        if len(self._pieces) != 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]

    def evidence(self) -> bytes | Evidence:
        """All of it, for the operator: no longer counted, and in its file if it is in one."""
        if self._file is None:
            return b"".join(self._pieces)
        file, self._file = self._file, None
        return LongEvidence(file)

    def close(self) -> None:
        """Give back what is held."""
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
            # What is paid for is not dropped for a full disk: it waits for the place beyond the room.
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
