from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image, UnidentifiedImageError

from simulators.faults.image_bytes import MENU
from simulators.pictures import ImageFormat, Picture

FORMATS: tuple[ImageFormat, ...] = ("webp", "jpeg", "png")


def spoiled(name: str, image_format: ImageFormat) -> bytes:
    (fault,) = (fault for fault in MENU if fault.name == name)
    data: bytes = fault.act(Picture("a lighthouse", 384, 392, image_format))
    return data


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("name", ["image-html", "image-svg", "image-text", "image-zero-bytes"])
def test_bytes_that_are_not_an_image_cannot_be_opened(name: str, image_format: ImageFormat) -> None:
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(spoiled(name, image_format)))


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize(("name", "missing"), [("image-cut-short", 1000), ("image-without-its-end", 2)])
def test_a_truncated_image_is_the_beginning_of_the_whole_one(
    name: str, missing: int, image_format: ImageFormat
) -> None:
    whole = Picture("a lighthouse", 384, 392, image_format).encoded()
    part = spoiled(name, image_format)

    assert whole.startswith(part)
    assert len(part) <= len(whole) - missing


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_tail_follows_the_whole_image(image_format: ImageFormat) -> None:
    whole = Picture("a lighthouse", 384, 392, image_format).encoded()

    assert spoiled("image-with-a-tail", image_format) == whole + spoiled("image-html", image_format)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("image_format", FORMATS)
def test_an_enormous_image_has_a_readable_header(image_format: ImageFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)

    with Image.open(io.BytesIO(spoiled("image-enormous", image_format))) as image:
        width, height = image.size
    assert width * height > 250_000_000
    assert len(spoiled("image-enormous", image_format)) < 1_000_000


@pytest.mark.parametrize("image_format", FORMATS)
def test_an_image_of_another_size_is_a_real_one(image_format: ImageFormat) -> None:
    picture = Picture("a lighthouse", 384, 392, image_format)

    assert spoiled("image-of-other-size", image_format) == replace(picture, width=192).encoded()


@pytest.mark.parametrize(("ordered", "drawn"), [("webp", "PNG"), ("jpeg", "PNG"), ("png", "WEBP")])
def test_an_image_of_another_format_is_a_real_one(ordered: ImageFormat, drawn: str) -> None:
    with Image.open(io.BytesIO(spoiled("image-of-other-format", ordered))) as image:
        assert (image.format, image.size) == (drawn, (384, 392))


def test_the_gif_is_a_real_one() -> None:
    with Image.open(io.BytesIO(spoiled("image-gif", "webp"))) as image:
        image.load()
        assert image.format == "GIF"
