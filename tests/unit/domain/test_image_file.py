"""A file is what its bytes say, whole or not at all."""

import io
import itertools
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
    "progressive jpeg": picture("JPEG", progressive=True, quality=95),
    "jpeg with a comment": picture("JPEG", comment=b"\xff\xc0 not a frame"),
    "lossy webp": picture("WEBP"),
    "lossless webp": picture("WEBP", lossless=True),
    "webp with alpha": picture("WEBP", mode="RGBA"),
}


@pytest.mark.parametrize("name", FILES)
def test_type_and_size_are_read_as_another_decoder_reads_them(name: str) -> None:
    data = FILES[name]
    with Image.open(io.BytesIO(data)) as independent:
        kind = Image.MIME[independent.format or ""]
        assert ImageFile.inspect(data) == ImageFile(MediaType(kind), *independent.size)


@pytest.mark.parametrize("name", FILES)
def test_every_cut_is_noticed(name: str) -> None:
    data = FILES[name]
    for length in {*range(0, len(data), 7), len(data) - 1, len(data) - 2}:
        with pytest.raises(InvalidValue):
            ImageFile.inspect(data[:length])


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_another_riding_along_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        ImageFile.inspect(FILES[name] + b"<script>alert(1)</script>")


@pytest.mark.parametrize("name", [name for name in FILES if "jpeg" in name])
@pytest.mark.parametrize("rider", [b"PK\x05\x06" + b"\0" * 18, b"<script>alert(1)</script>", b"\xff\xd8\xff"])
def test_a_jpeg_ends_at_its_own_end_and_not_at_that_of_its_rider(name: str, rider: bytes) -> None:
    with pytest.raises(InvalidValue):
        ImageFile.inspect(FILES[name] + rider + b"\xff\xd9")


@pytest.mark.parametrize("kind", ["iCCP", "zTXt", "iTXt"])
def test_what_is_packed_into_a_header_stays_packed(kind: str) -> None:
    bomb = b"name\0\0" + zlib.compress(bytes(20_000_000))
    chunk = len(bomb).to_bytes(4, "big") + kind.encode() + bomb + zlib.crc32(kind.encode() + bomb).to_bytes(4, "big")
    data = FILES["png"][:33] + chunk + FILES["png"][33:]  # behind the signature and the chunk IHDR
    tracemalloc.start()
    try:
        assert ImageFile.inspect(data) == ImageFile(MediaType.PNG, 40, 24)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<!doctype html>", b"GIF89a....", b"\x89PNG", b"RIFF"]
)
def test_what_is_no_png_jpeg_or_webp_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        ImageFile.inspect(data)


def test_dimensions_beyond_all_reason_are_refused() -> None:
    lying = bytearray(FILES["png"])
    lying[16:24] = (100_000).to_bytes(4, "big") * 2
    with pytest.raises(InvalidValue, match="100000 x 100000"):
        ImageFile.inspect(bytes(lying))


def test_a_broken_image_was_paid_for_and_its_bytes_are_evidence() -> None:
    with pytest.raises(UnusableImage) as caught:
        GeneratedImage(index=2, seed=None, data=b"<html>sorry</html>")
    assert caught.value.charged is Charged.YES
    assert caught.value.evidence == b"<html>sorry</html>"


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x20\0\0\0WEBP", b""]), st.binary(max_size=64))
def test_no_bytes_do_more_than_be_refused(start: bytes, rest: bytes) -> None:
    try:
        ImageFile.inspect(start + rest)
    except InvalidValue:
        return
    assert start


@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_changed_byte_never_does_more_than_be_refused(name: str, data: st.DataObject) -> None:
    changed = bytearray(FILES[name])
    changed[data.draw(st.integers(0, min(len(changed) - 1, 400)))] = data.draw(st.integers(0, 255))
    try:
        file = ImageFile.inspect(bytes(changed))
    except InvalidValue:
        return
    assert 0 < file.width <= ImageFile.MAX_SIDE


# Which of the seven passes draws a pixel: the pattern of 8 by 8 that the specification prints (PNG, 8.2).
PASSES = ("16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777")
COLOUR_TYPES = {(0, 1): 1, (0, 16): 16, (2, 8): 24, (3, 4): 4, (4, 8): 16, (6, 8): 32}  # bits of a pixel


def scanlines(width: int, height: int, bits: int, *, interlaced: bool) -> bytes:
    """The bytes of all lines, each with the one that names its filter, pixel for pixel as the pattern says."""
    lines: dict[tuple[str, int], int] = {}
    for y in range(height):
        for x in range(width):
            line = (PASSES[y % 8][x % 8] if interlaced else "all", y)
            lines[line] = lines.get(line, 0) + 1
    return bytes(sum(1 + -(-columns * bits // 8) for columns in lines.values()))


@pytest.mark.parametrize("interlaced", [False, True], ids=["line by line", "interlaced"])
@pytest.mark.parametrize("kind", COLOUR_TYPES, ids=str)
def test_a_png_without_its_end_is_whole_if_every_pixel_is_there(kind: tuple[int, int], *, interlaced: bool) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    colour, depth = kind
    for width, height in itertools.product((1, 2, 3, 4, 5, 8, 9), repeat=2):
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
