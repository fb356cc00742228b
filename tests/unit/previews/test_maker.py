"""Previews made by Pillow in a separate process, including those of files from a hostile provider."""

from __future__ import annotations

import asyncio
import io
import os
import random
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from conformance.generations import image_of, received
from darkroom.adapters.previews import PillowPreviewMaker
from darkroom.adapters.previews import maker as limits
from darkroom.domain.model.generation import StoredImage
from darkroom.domain.model.image_file import ImageFile, MediaType
from darkroom.domain.ports import NoPreview, PreviewsUnavailable
from harness.waiting import until

ORDER = received()
AT_ONCE = 10
FORMS = {MediaType.PNG: "PNG", MediaType.JPEG: "JPEG", MediaType.WEBP: "WEBP"}


def picture(media_type: MediaType, width: int = 64, height: int = 48, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.effect_mandelbrot((width, height), (-2, -1.5, 1, 1.5), 20).convert(mode).save(file, FORMS[media_type])
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def bomb(width: int, height: int) -> bytes:
    """A structurally valid PNG of a few kilobytes whose pixels are black."""
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 6, 0, 0, 0])
    packer, row = zlib.compressobj(9), bytes(1 + 4 * width)
    rows = min(height, 20_000_000 // len(row) + 1)  # made quickly; decoders allocate by the header
    data = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG with a compressed text of 200 MB."""
    text = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    whole = picture(MediaType.PNG)
    return whole[:33] + chunk(b"zTXt", text) + whole[33:]


def image(media_type: MediaType) -> StoredImage:
    one = image_of(ORDER)
    return StoredImage(index=0, id="x", seed=one.seed, key="x", media_type=media_type, length=1, sha256="0" * 64)


async def preview(data: bytes, media_type: MediaType = MediaType.PNG) -> bytes:
    return await PillowPreviewMaker(lambda made, *_: made).make(data, image(media_type), ORDER)


@pytest.mark.parametrize("media_type", MediaType)
@pytest.mark.parametrize(
    ("size", "small"),
    [((1100, 550), (512, 256)), ((300, 900), (171, 512)), ((64, 48), (64, 48)), ((3, 2000), (1, 512))],
)
async def test_the_longest_side_is_at_most_512_and_nothing_is_enlarged(
    media_type: MediaType, size: tuple[int, int], small: tuple[int, int]
) -> None:
    file = ImageFile.inspect(await preview(picture(media_type, *size), media_type))

    assert (file.media_type, (file.width, file.height)) == (MediaType.WEBP, small)


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA", "1"])
async def test_images_of_every_mode_get_a_preview(mode: str) -> None:
    made = Image.open(io.BytesIO(await preview(picture(MediaType.PNG, 600, 400, mode))))

    assert (made.size, made.mode) == ((512, 341), "RGB")


async def test_transparency_is_kept() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (600, 400), (255, 0, 0, 100)).save(file, "PNG")

    made = Image.open(io.BytesIO(await preview(file.getvalue())))

    assert made.mode == "RGBA"
    assert made.getpixel((100, 100)) == pytest.approx((255, 0, 0, 100), abs=4)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_a_preview_of_noise_is_within_the_length_limit(mode: str) -> None:
    noise, file = random.Random(1).randbytes(512 * 512 * len(mode)), io.BytesIO()
    Image.frombytes(mode, (512, 512), noise).save(file, "PNG")

    assert len(await preview(file.getvalue())) <= limits.LENGTH


async def test_a_preview_is_marked() -> None:
    maker = PillowPreviewMaker(lambda made, image, generation: made + image.id.encode() + generation.id.encode())

    made = await maker.make(picture(MediaType.PNG), image(MediaType.PNG), ORDER)

    assert made.endswith(b"x" + ORDER.id.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        picture(MediaType.PNG)[:-200],
        picture(MediaType.JPEG),  # not the declared format
        bomb(60_000, 60_000),
        bomb(8192, 8193),
    ],
    ids=["empty", "a header only", "truncated", "another format", "a bomb", "a row too many"],
)
async def test_a_file_that_cannot_be_decoded_has_no_preview(data: bytes) -> None:
    with pytest.raises(NoPreview):
        await preview(data)


async def test_the_process_inherits_no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, seen = tmp_path / "program.py", tmp_path / "seen"
    program.write_text(f"import os, pathlib; pathlib.Path({str(seen)!r}).write_text(repr(dict(os.environ)))")
    monkeypatch.setattr(limits, "_PROGRAM", program)
    monkeypatch.setenv("CANARY", "a secret")
    with pytest.raises(NoPreview):
        await preview(picture(MediaType.PNG))

    assert "PATH" not in seen.read_text()
    assert "a secret" not in seen.read_text()


async def test_the_process_is_limited_in_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMORY", 150_000_000)
    with pytest.raises(NoPreview):
        await preview(bomb(4000, 4000))

    monkeypatch.setattr(limits, "MEMORY", 1 << 30)
    monkeypatch.setattr(limits, "SECONDS", 0)
    with pytest.raises(NoPreview):
        await preview(picture(MediaType.PNG))


async def test_if_no_process_can_be_started_previews_are_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    with pytest.raises(PreviewsUnavailable):
        await preview(picture(MediaType.PNG))


def children() -> set[str]:
    """This process's children that were not waited for; other tests may have left some running."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


async def test_a_cancelled_call_leaves_no_process_behind() -> None:
    others = children()
    making = asyncio.create_task(preview(picture(MediaType.PNG, 2000, 2000)))
    await until(lambda: children() > others)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)

    assert children() == others


ENDLESS = "import sys\nwhile True: sys.stdout.buffer.write(bytes(1 << 16))"
SILENT = "import time\ntime.sleep(1000)"
ENDED_BY = "import os, signal\nos.kill(os.getpid(), signal.{})"
WITHOUT_PILLOW = "import runpy, sys\nsys.modules['PIL'] = None\nrunpy.run_path({!r}, run_name='__main__')"


def descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


@pytest.mark.parametrize(
    ("program", "end"),
    [
        (ENDLESS, NoPreview),
        (SILENT, PreviewsUnavailable),
        (ENDED_BY.format("SIGSEGV"), NoPreview),
        (ENDED_BY.format("SIGTERM"), PreviewsUnavailable),
        (ENDED_BY.format("SIGINT"), PreviewsUnavailable),
        (WITHOUT_PILLOW.format(str(limits._PROGRAM)), PreviewsUnavailable),  # noqa: SLF001  # the real program
        ("", NoPreview),
    ],
    ids=["without end", "silent", "crashed", "stopped with the service", "interrupted", "no Pillow", "nothing"],
)
async def test_after_any_end_of_the_process_the_next_image_gets_its_own_preview(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, end: type[Exception]
) -> None:
    maker, one = PillowPreviewMaker(lambda made, *_: made), image(MediaType.PNG)
    others, before = children(), descriptors()
    file = tmp_path / "program.py"
    file.write_text(program)
    with monkeypatch.context() as other:
        other.setattr(limits, "_PROGRAM", file)
        other.setattr(limits, "_PATIENCE", 1.0 if program == SILENT else 60.0)
        with pytest.raises(end):
            await maker.make(picture(MediaType.PNG, 2000, 2000), one, ORDER)
    assert children() == others
    assert descriptors() == before

    made = ImageFile.inspect(await maker.make(picture(MediaType.PNG, 30, 20), one, ORDER))

    assert (made.width, made.height) == (30, 20)
    assert descriptors() == before


@pytest.mark.parametrize("program", [ENDLESS, SILENT])
async def test_a_call_that_is_cancelled_twice_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    maker, one = PillowPreviewMaker(lambda made, *_: made), image(MediaType.PNG)
    others, before = children(), descriptors()
    file = tmp_path / "program.py"
    file.write_text(f"open({str(tmp_path / 'begun')!r}, 'w').close()\n{program}")
    with monkeypatch.context() as other:
        other.setattr(limits, "_PROGRAM", file)
        other.setattr(limits, "_LARGEST", 1 << 40)
        making = asyncio.create_task(maker.make(picture(MediaType.PNG, 2000, 2000), one, ORDER))
        await until((tmp_path / "begun").exists)
        making.cancel()
        await asyncio.sleep(0)
        making.cancel()
        async with asyncio.timeout(30):
            await asyncio.gather(making, return_exceptions=True)
    assert making.cancelled()
    await until(lambda: children() == others and descriptors() == before)

    assert await maker.make(picture(MediaType.PNG), one, ORDER) == await preview(picture(MediaType.PNG))


def hostile(many: int) -> Iterator[tuple[bytes, MediaType]]:
    """Bombs, truncated files, and files with bytes changed, removed or inserted."""
    chance = random.Random(17)
    whole = {media_type: picture(media_type, 200, 150) for media_type in MediaType}
    for number in range(many):
        media_type = chance.choice([*MediaType])
        data = bytearray(whole[media_type])
        match number % 5:
            case 0:
                yield bomb(chance.randint(1, 70_000), chance.randint(1, 70_000)), MediaType.PNG
                continue
            case 1:
                del data[chance.randrange(len(data)) :]
            case 2:
                for _ in range(chance.randint(1, 30)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
            case 3:
                place = chance.randrange(len(data))
                data[place:place] = chance.randbytes(chance.randint(1, 5000))
            case _:
                data[chance.randrange(40) : 60] = chance.randbytes(30)
        yield bytes(data), media_type


@pytest.mark.long
@pytest.mark.timeout(3000)
async def test_a_thousand_hostile_files_affect_neither_the_memory_nor_the_event_loop() -> None:
    ends, waits = list[BaseException | bytes](), list[float]()
    loop = asyncio.get_running_loop()

    async def look() -> None:
        while True:
            began = loop.time()
            await asyncio.sleep(0.05)
            waits.append(loop.time() - began - 0.05)

    files = [*hostile(998), (text_bomb(), MediaType.PNG), (bytes(100_000_000), MediaType.PNG)]
    await preview(picture(MediaType.PNG))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    looking = asyncio.create_task(look())
    for begin in range(0, len(files), AT_ONCE):
        some = files[begin : begin + AT_ONCE]
        ends += await asyncio.gather(*(preview(data, media_type) for data, media_type in some), return_exceptions=True)
    looking.cancel()

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(  # noqa: T201  # the figures of docs/operating.md
        f"\n{len(ends)} files, {sum(isinstance(end, bytes) for end in ends)} previews; the service's memory grew by "
        f"{grown / 1024:.1f} MiB; its loop waited {max(waits) * 1000:.0f} ms at most, "
        f"{sorted(waits)[len(waits) // 2] * 1000:.1f} ms in the middle"
    )
    assert len(ends) == 1000
    assert {type(end) for end in ends} <= {bytes, NoPreview}
    assert grown < 64 * 1024  # KiB: room for the files being sent and their previews
    assert sorted(waits)[int(len(waits) * 0.99)] < 0.25
    assert await preview(picture(MediaType.PNG))
