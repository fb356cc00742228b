from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from simulators.pictures import ImageFormat, Picture

PICTURE = Picture("a lighthouse, seed 1", 384, 392)


@pytest.mark.parametrize("image_format", ["webp", "jpeg", "png"])
@pytest.mark.parametrize(("width", "height"), [(384, 1280), (1280, 1280), (2048, 384)])
def test_is_a_real_file_of_exactly_that_size(image_format: ImageFormat, width: int, height: int) -> None:
    picture = Picture("a lighthouse", width, height, image_format)

    with Image.open(io.BytesIO(picture.encoded())) as image:
        image.load()
        assert image.size == (width, height)
        assert image.get_format_mimetype() == picture.media_type


def test_equal_recipes_give_equal_bytes() -> None:
    again = Picture("a lighthouse, seed 1", 384, 392)

    assert again is not PICTURE
    assert again.encoded() == PICTURE.encoded()


def test_another_recipe_gives_a_clearly_different_image() -> None:
    other = replace(PICTURE, recipe="a lighthouse, seed 2")

    with Image.open(io.BytesIO(PICTURE.encoded())) as one, Image.open(io.BytesIO(other.encoded())) as two:
        pairs = zip(one.convert("RGB").tobytes(), two.convert("RGB").tobytes(), strict=True)
        differences = [abs(a - b) for a, b in pairs]
    assert sum(differences) / len(differences) > 30


def test_quality_changes_the_bytes() -> None:
    assert len(replace(PICTURE, quality=5).encoded()) < len(replace(PICTURE, quality=95).encoded())
