"""A saved image is named after its prompt and its seed, as far as they are known."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.image_file import MediaType


@pytest.mark.parametrize(
    ("prompt", "seed", "name"),
    [
        ("A fox, in the snow!", 7, "a-fox-in-the-snow-7.png"),
        ("A fox, in the snow!", None, "a-fox-in-the-snow.png"),
        ("바다", 0, "바다-0.png"),
        ("x" * 41, 7, "x" * 40 + "-7.png"),
        ("!", 7, "image-7.png"),
        (None, 7, "image-7.png"),
        (None, None, "image.png"),
    ],
)
def test_a_file_is_named_after_what_is_known(prompt: str | None, seed: int | None, name: str) -> None:
    assert str(FileName.of(prompt, seed, MediaType.PNG)) == name


@given(st.none() | st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.integers(0, 2**32 - 1))
@example("²", None)
@example("바다", 7)
def test_every_client_saves_a_named_file_with_its_ending(prompt: str | None, seed: int | None) -> None:
    name = FileName.of(prompt, seed, MediaType.WEBP)

    header = re.fullmatch(
        r"attachment; filename=\"([\w-]+\.webp)\"(?:; filename\*=UTF-8''([\w.%-]+))?", name.disposition, re.ASCII
    )

    assert header
    assert (header[2] is None) == str(name).isascii()
    assert unquote(header[2] or header[1]) == str(name)
