"""The type and size of an image are read from its bytes; an incomplete file is refused."""

import io
import itertools
import re
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from darkroom.domain.model.errors import Charged, InvalidValue, UnusableImage
from darkroom.domain.model.generation import GeneratedImage
from darkroom.domain.model.image_file import ImageFile, MediaType


def picture(kind: str, width: int = 40, height: int = 24, **options: object) -> bytes:
    image = Image.effect_noise((width, height), 60).convert(str(options.pop("mode", "RGB")))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


FILES = {
    "png": picture("PNG"),
    "interlaced png with alpha": picture("PNG", mode="RGBA"),
    "jpeg": picture("JPEG"),
    "progressive jpeg": picture("JPEG", progressive=True, quality=95, restart_marker_blocks=1),
    "jpeg with a comment": picture("JPEG", comment=b"\xff\xc0 not a frame"),
    "lossy webp": picture("WEBP"),
    "lossless webp": picture("WEBP", lossless=True),
    "webp with alpha": picture("WEBP", mode="RGBA"),
}
JPEG_SCAN, JPEG_END = b"\xff\xda", b"\xff\xd9"


@pytest.mark.parametrize("name", FILES)
def test_type_and_size_agree_with_another_decoder(name: str) -> None:
    data = FILES[name]
    with Image.open(io.BytesIO(data)) as independent:
        kind = Image.MIME[independent.format or ""]
        assert ImageFile.inspect(data) == ImageFile(MediaType(kind), *independent.size)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(name: str) -> None:
    data = FILES[name]
    for length in {*range(0, len(data), 7), len(data) - 1, len(data) - 2}:
        with pytest.raises(InvalidValue):
            ImageFile.inspect(data[:length])


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_appended_data_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        ImageFile.inspect(FILES[name] + b"<script>alert(1)</script>")


@pytest.mark.parametrize("name", [name for name in FILES if "jpeg" in name])
@pytest.mark.parametrize("rider", [b"PK\x05\x06" + b"\0" * 18, b"<script>alert(1)</script>", b"\xff\xd8\xff"])
def test_a_jpeg_with_appended_data_is_refused_even_if_that_ends_with_an_end_marker(name: str, rider: bytes) -> None:
    with pytest.raises(InvalidValue):
        ImageFile.inspect(FILES[name] + rider + JPEG_END)


@pytest.mark.parametrize("name", [name for name in FILES if "jpeg" in name])
def test_markers_in_the_comments_of_a_jpeg_are_not_read(name: str) -> None:
    data, frame = FILES[name], b"\xff\xc0\0\x07\x08\0\1\0\1"
    comments = b"\xff\xfe\0\x0d" + frame + JPEG_END, b"\xff\xfe\0\2"
    places = 2, *(scan.start() for scan in re.finditer(JPEG_SCAN, data))
    for place, comment in itertools.product(places, comments):
        assert ImageFile.inspect(data[:place] + comment + data[place:]) == ImageFile.inspect(data)


@pytest.mark.parametrize("name", [name for name in FILES if "jpeg" in name])
def test_a_jpeg_without_pixels_is_refused(name: str) -> None:
    header = FILES[name].partition(JPEG_SCAN)[0]
    for length in (2, len(header)):
        with pytest.raises(InvalidValue, match="cut short"):
            ImageFile.recover(header[:length] + JPEG_END)


@pytest.mark.parametrize("name", [name for name in FILES if "jpeg" in name])
@pytest.mark.parametrize("length", [b"\xff\xff", b"\0\x24", b"\0\x25", b"\0\0"], ids=bytes.hex)
def test_the_end_of_a_jpeg_is_found_behind_pixels_that_look_like_a_segment(name: str, length: bytes) -> None:
    damaged = FILES[name][:-40] + b"\xff\xe1" + length + FILES[name][-36:]

    assert ImageFile.inspect(damaged) == ImageFile.inspect(FILES[name])
    assert ImageFile.recover(damaged + b"<script>") == (ImageFile.inspect(FILES[name]), damaged)
    with pytest.raises(InvalidValue, match="cut short"):
        ImageFile.inspect(damaged[:-1])


@pytest.mark.parametrize("kind", ["iCCP", "zTXt", "iTXt"])
def test_compressed_headers_are_not_decompressed(kind: str) -> None:
    bomb = b"name\0\0" + zlib.compress(bytes(20_000_000))
    chunk = len(bomb).to_bytes(4, "big") + kind.encode() + bomb + zlib.crc32(kind.encode() + bomb).to_bytes(4, "big")
    data = FILES["png"][:33] + chunk + FILES["png"][33:]  # after the signature and the IHDR chunk
    tracemalloc.start()
    try:
        assert ImageFile.inspect(data) == ImageFile(MediaType.PNG, 40, 24)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<!doctype html>", b"GIF89a....", b"\x89PNG", b"RIFF"]
)
def test_data_that_is_not_a_png_jpeg_or_webp_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        ImageFile.inspect(data)


def test_absurd_dimensions_are_refused() -> None:
    lying = bytearray(FILES["png"])
    lying[16:24] = (100_000).to_bytes(4, "big") * 2
    with pytest.raises(InvalidValue, match="100000 x 100000"):
        ImageFile.inspect(bytes(lying))


def test_a_broken_image_is_charged_and_its_bytes_are_evidence() -> None:
    with pytest.raises(UnusableImage) as caught:
        GeneratedImage(index=2, seed=None, data=b"<html>sorry</html>")
    assert caught.value.charged is Charged.YES
    assert caught.value.evidence == b"<html>sorry</html>"


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x20\0\0\0WEBP", b""]), st.binary(max_size=64))
def test_arbitrary_bytes_raise_only_invalid_value(start: bytes, rest: bytes) -> None:
    try:
        ImageFile.inspect(start + rest)
    except InvalidValue:
        return
    assert start


@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_changed_byte_raises_only_invalid_value(name: str, data: st.DataObject) -> None:
    changed = bytearray(FILES[name])
    changed[data.draw(st.integers(0, min(len(changed) - 1, 400)))] = data.draw(st.integers(0, 255))
    try:
        file = ImageFile.inspect(bytes(changed))
    except InvalidValue:
        return
    assert 0 < file.width <= ImageFile.MAX_SIDE


# The pass that draws each pixel of an 8 by 8 block, as printed in the PNG specification (8.2).
PASSES = ("16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777")
COLOUR_TYPES = {(0, 1): 1, (0, 16): 16, (2, 8): 24, (3, 4): 4, (4, 8): 16, (6, 8): 32}  # bits per pixel


def scanlines(width: int, height: int, bits: int, *, interlaced: bool) -> bytes:
    """Uncompressed data of all scanlines: a filter byte and the pixels of each, counted one by one with the pattern."""
    lines: dict[tuple[str, int], int] = {}
    for y in range(height):
        for x in range(width):
            line = (PASSES[y % 8][x % 8] if interlaced else "all", y)
            lines[line] = lines.get(line, 0) + 1
    return bytes(sum(1 + -(-columns * bits // 8) for columns in lines.values()))


@pytest.mark.parametrize("interlaced", [False, True], ids=["not interlaced", "interlaced"])
@pytest.mark.parametrize("kind", COLOUR_TYPES, ids=str)
def test_a_png_without_its_end_chunk_is_recovered_if_every_pixel_is_there(
    kind: tuple[int, int], *, interlaced: bool
) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    colour, depth = kind
    for width, height in itertools.product(range(1, 10), repeat=2):
        size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
        header = chunk(b"IHDR", size + bytes((depth, colour, 0, 0, interlaced)))
        pixels = scanlines(width, height, COLOUR_TYPES[kind], interlaced=interlaced)
        for lacking in (0, 1):
            data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels[lacking:]))
            if lacking:
                with pytest.raises(InvalidValue, match="cut short"):
                    ImageFile.recover(data)
            else:
                file, whole = ImageFile.recover(data)
                assert (file.width, file.height, whole[-8:-4]) == (width, height, b"IEND")
