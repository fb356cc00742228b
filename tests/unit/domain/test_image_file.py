"""A file is what its bytes say, whole or not at all."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from domain.errors import Charged, InvalidValue, UnusableImage
from domain.generation import GeneratedImage
from domain.image_file import ImageFile, MediaType


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
