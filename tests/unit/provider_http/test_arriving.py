"""Bodies without room in memory are buffered on disk, and none waits for another that has arrived in part."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from darkroom.adapters.byte_room import ByteRoom, Stay
from darkroom.adapters.outbound_http.arriving import ArrivingBytes, BodyFlawed, with_evidence
from darkroom.domain.model.errors import UnusableImage

MB = 2**20


async def arrived(room: ByteRoom, stay: Stay, *pieces: bytes, folder: Path | None = None) -> ArrivingBytes:
    body = ArrivingBytes(room, 64 * MB, stay, folder)
    for piece in pieces:
        await body.add(piece)
    return body


async def test_a_body_stays_in_memory_if_there_is_room(tmp_path: Path) -> None:
    room = ByteRoom(MB)
    with Stay() as stay:
        body = await arrived(room, stay, b"abc", b"def", folder=tmp_path / "arriving")
        assert await body.whole() == b"abcdef"
        assert room.offers(MB - 6)
        room.give_back(MB - 6)

    assert room.offers(MB)
    assert body.evidence() == b"", "the body is still held after its room was given back"
    assert not (tmp_path / "arriving").exists()


@pytest.mark.parametrize("lengths", [[600, 600], [5 * MB]], ids=["no room", "longer than any image"])
async def test_a_body_without_room_is_buffered_on_disk_and_holds_no_room(tmp_path: Path, lengths: list[int]) -> None:
    size = 1000 if len(lengths) > 1 else 100 * MB
    room = ByteRoom(size)
    pieces = [bytes([place]) * length for place, length in enumerate(lengths)]
    with Stay() as stay:
        body = await arrived(room, stay, *pieces, folder=tmp_path / "arriving")
        assert room.offers(1000)
        room.give_back(1000)
        assert await body.whole() == b"".join(pieces)
        assert not room.offers(100 * MB), "the body that was read back is not counted"

    assert room.offers(size)
    assert not room.offers(1), "more was given back than was taken"
    assert list((tmp_path / "arriving").iterdir()) == [], "the file has a name, so a crash would leave it behind"


async def test_at_most_the_longest_allowed_body_is_kept() -> None:
    with Stay() as stay:
        body = ArrivingBytes(ByteRoom(MB), 10, stay)
        await body.add(b"x" * 8)
        with pytest.raises(BodyFlawed, match="longer than 10"):
            await body.add(b"y" * 8)

        assert await body.whole() == b"x" * 8 + b"yy"


async def test_a_full_disk_loses_no_body(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    room = ByteRoom(10)

    async def come(letter: bytes) -> bytes:
        with Stay() as stay:
            body = await arrived(room, stay, letter * 6, letter * 6, letter * 6, folder=tmp_path / "file")
            return await body.whole()

    bodies = await asyncio.gather(*(come(letter) for letter in (b"a", b"b", b"c")))

    assert bodies == [b"a" * 18, b"b" * 18, b"c" * 18]
    assert room.offers(10)


async def test_64_answers_of_64_mb_are_all_read_in_room_for_one(tmp_path: Path) -> None:
    """Scaled to a sixteenth; the long test of generators uses the full size."""
    room, length, in_memory = ByteRoom(4 * MB), 4 * MB, set[int]()
    most = 0

    async def come(number: int) -> None:
        nonlocal most
        with Stay() as stay:
            body = ArrivingBytes(room, length, stay, tmp_path)
            for _ in range(16):
                await body.add(bytes([number]) * (length // 16))
                await asyncio.sleep(0)
            data = await body.whole()
            in_memory.add(number)
            most = max(most, len(in_memory))
            await asyncio.sleep(0.001)
            assert data == bytes([number]) * length
            in_memory.discard(number)

    async with asyncio.timeout(100):
        await asyncio.gather(*map(come, range(64)))

    assert room.offers(4 * MB)
    assert most <= 2, "more bodies are in memory than the room admits, plus one beyond it"


async def test_long_evidence_stays_in_its_file(tmp_path: Path) -> None:
    with Stay() as stay:
        body = await arrived(ByteRoom(10), stay, b"x" * 100, folder=tmp_path)
        failure = with_evidence(UnusableImage("no"), body.evidence())

    (evidence,) = failure.all_evidence
    assert not isinstance(evidence, bytes)
    assert [evidence.read(), evidence.read()] == [b"x" * 100] * 2
