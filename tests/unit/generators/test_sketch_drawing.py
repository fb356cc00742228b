"""The drawing of `sketch`: how its prompt, seed, steps and guidance change the pixels."""

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from darkroom.adapters.generators.sketch.drawing import draw

LIGHTHOUSE = "a lighthouse over a calm sea at sunset"


def pixels(
    prompt: str,
    *,
    negative_prompt: str = "",
    seed: int = 7,
    width: int = 192,
    height: int = 120,
    steps: int = 50,
    guidance: float = 5.0,
) -> NDArray[np.int32]:
    """Rows x columns x 3, decoded by Pillow."""
    file = draw(
        prompt=prompt,
        negative_prompt=negative_prompt,
        seed=seed,
        width=width,
        height=height,
        steps=steps,
        guidance=guidance,
    )
    with Image.open(io.BytesIO(file)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (width, height))
        return np.asarray(image).astype(np.int32)


def hash_of(picture: NDArray[np.int32]) -> str:
    return hashlib.blake2b(picture.astype(np.uint8).tobytes(), digest_size=8).hexdigest()


def difference(one: NDArray[np.int32], other: NDArray[np.int32]) -> float:
    """Mean absolute difference of the channels, 0..255."""
    return float(np.abs(one - other).mean())


def brightness(picture: NDArray[np.int32]) -> float:
    return float(picture.mean())


def warmth(picture: NDArray[np.int32]) -> float:
    """Mean red minus mean blue."""
    return float((picture[:, :, 0] - picture[:, :, 2]).mean())


GOLDEN = [
    (partial(pixels, LIGHTHOUSE), "1b7e4b7b6fad92c3"),
    (partial(pixels, LIGHTHOUSE, seed=2**32 - 1, width=121, height=203), "4cb1ca2f32e2340f"),
    (partial(pixels, "눈 덮인 산과 소나무 숲, 오로라", seed=0, steps=100, guidance=20.0), "ee066577b0da5551"),
    (partial(pixels, "a cabin in the autumn forest, rain", steps=10, guidance=1.0), "ace9e1aa0ef8ec15"),
    (partial(pixels, "night city by the river, a boat", negative_prompt="clouds, birds"), "f319d1058affba11"),
    (partial(pixels, "rain in the city", width=512, height=320), "7a5b59691d2aff89"),
    (partial(pixels, "a meadow full of flowers under the sun", steps=70), "743cd39625e94d3c"),
    (partial(pixels, "lanterns, a forest by the lake, snowy mountains"), "473b7bbbed025678"),
    (partial(pixels, "desert, sea and city, a house", negative_prompt="mountains, boats"), "afae7575233b884e"),
    (partial(pixels, "desert dunes under the stars", guidance=7.5), "9458746154a540b9"),
    (partial(pixels, "peony", steps=80), "d4b1d390d8858d4a"),
    (partial(pixels, "a dragon breathing fire"), "e1b9aec8ca6aac66"),
    (partial(pixels, "galaxy", seed=2), "a0cf7b78db923291"),
    (partial(pixels, "the music of marble", guidance=12.3), "8dec6ef8f5322261"),
    (partial(pixels, "dreams"), "3e9ae46a42f7ea41"),
    (partial(pixels, "¿qué? 何か ✨", negative_prompt="nada"), "0ef6b2d056ed6d9c"),
    (partial(pixels, "sea", width=8, height=8), "c8cc092ec7050a6c"),
    (partial(pixels, "misty mountains", width=2048, height=8), "f289cb3ec11a7a9d"),
]


@pytest.mark.parametrize(("drawing", "golden"), GOLDEN, ids=[str(drawing.args[0]) for drawing, _ in GOLDEN])
def test_equal_input_gives_the_same_pixels_as_in_earlier_releases(
    drawing: Callable[[], NDArray[np.int32]], golden: str
) -> None:
    assert hash_of(drawing()) == golden


def test_another_process_draws_the_same() -> None:
    program = (
        "import sys; from darkroom.adapters.generators.sketch.drawing import draw;"
        "sys.stdout.buffer.write(draw(prompt='숲 sea',"
        "negative_prompt='birds', seed=5, width=90, height=70, steps=30, guidance=3.3))"
    )
    drawn = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith(b"\x89PNG")


def test_threads_draw_the_same() -> None:
    orders = [(prompt, seed) for prompt in (LIGHTHOUSE, "peony", "city", "marble") for seed in (1, 2)]
    one_by_one = [hash_of(pixels(prompt, seed=seed)) for prompt, seed in orders]
    with ThreadPoolExecutor(len(orders)) as threads:
        at_once = list(threads.map(lambda order: hash_of(pixels(order[0], seed=order[1])), orders))
    assert at_once == one_by_one


@given(
    drawing=st.builds(
        partial,
        st.just(pixels),
        st.text(min_size=1, max_size=60),
        negative_prompt=st.text(max_size=30),
        seed=st.integers(0, 2**32 - 1),
        width=st.integers(8, 80),
        height=st.integers(8, 80),
        steps=st.integers(10, 100),
        guidance=st.floats(1.0, 20.0),
    )
)
@settings(max_examples=60, deadline=None)
def test_any_input_gives_a_picture_of_exactly_its_size(drawing: partial[NDArray[np.int32]]) -> None:
    picture = drawing()
    assert picture.shape == (drawing.keywords["height"], drawing.keywords["width"], 3)
    assert picture.std() > 1  # not blank


WORDS = (
    "sea mountain forest desert city meadow flower fire smoke music space sunset dawn night moon stars sun aurora snow "
    "rain mist clouds cherry calm lighthouse boat birds house lanterns neon "
    "바다 산 숲 사막 도시 들판 꽃 불 밤 눈 비 등대 배 집"
)


@given(
    prompt=st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=5),
    negative_prompt=st.lists(st.sampled_from(WORDS.split()), max_size=3),
    seed=st.integers(0, 2**32 - 1),
    width=st.integers(8, 120),
    height=st.integers(8, 120),
)
@settings(max_examples=120, deadline=None)
def test_any_motifs_can_be_combined_in_any_size(
    prompt: list[str], negative_prompt: list[str], seed: int, width: int, height: int
) -> None:
    words, others = " ".join(prompt), " ".join(negative_prompt)
    assert pixels(words, negative_prompt=others, seed=seed, width=width, height=height).std() > 1


@pytest.mark.parametrize("prompt", [LIGHTHOUSE, "mountains", "city", "flowers", "fire", "marble", "완전히 다른 말"])
def test_another_seed_draws_a_clearly_different_picture(prompt: str) -> None:
    pictures = [pixels(prompt, seed=seed) for seed in (0, 1, 2**31, 2**32 - 1)]
    assert all(difference(one, other) > 8 for index, one in enumerate(pictures) for other in pictures[index + 1 :])


@pytest.mark.parametrize(
    "prompt", [LIGHTHOUSE, "mountains", "city", "flowers", "fire", "marble", "meadow with flowers"]
)
def test_more_steps_change_the_picture(prompt: str) -> None:
    few, some, many = (pixels(prompt, steps=steps) for steps in (10, 50, 100))
    assert difference(few, some) > 1.5
    assert difference(some, many) > 1.5


def test_more_steps_bring_finer_detail() -> None:
    def detail(steps: int) -> float:
        picture = pixels("mountains", steps=steps, width=384, height=240)
        return float(np.abs(np.diff(picture, axis=1)).mean())

    assert detail(100) > detail(50) > detail(10)


@pytest.mark.parametrize("prompt", [LIGHTHOUSE, "mountains", "city", "flowers", "fire", "marble"])
def test_guidance_changes_the_picture(prompt: str) -> None:
    loose, usual, strict = (pixels(prompt, guidance=guidance) for guidance in (1.0, 7.5, 20.0))
    assert difference(loose, usual) > 4
    assert difference(usual, strict) > 2


def test_more_guidance_brings_stronger_colours() -> None:
    def saturation(guidance: float) -> float:
        picture = pixels(LIGHTHOUSE, guidance=guidance)
        return float((picture.max(axis=2) - picture.min(axis=2)).mean())

    assert saturation(20.0) > saturation(5.0) > saturation(1.0)


@pytest.mark.parametrize(
    "negative_prompt",
    ["sea", "lighthouse", "sun", "red", "mountains", "바다", "blurry", "nothing that we know"],
)
def test_every_negative_prompt_changes_the_picture(negative_prompt: str) -> None:
    assert difference(pixels(LIGHTHOUSE), pixels(LIGHTHOUSE, negative_prompt=negative_prompt)) > 0


def test_motifs_in_the_negative_prompt_are_removed() -> None:
    assert difference(pixels(LIGHTHOUSE), pixels(LIGHTHOUSE, negative_prompt="등대")) > 1
    assert warmth(pixels("sea at sunset", negative_prompt="sunset")) < 0 < warmth(pixels("sea at sunset"))
    assert brightness(pixels("a winter night", negative_prompt="night")) > brightness(pixels("a winter night")) + 40


@pytest.mark.parametrize(("dark", "bright"), [("a night at sea", "the sea at noon"), ("한밤의 숲", "겨울 숲")])
def test_the_prompt_determines_the_brightness(dark: str, bright: str) -> None:
    assert brightness(pixels(dark)) < brightness(pixels(bright)) - 40


@pytest.mark.parametrize(
    ("cold", "warm"), [("blue sea", "sunset"), ("파란 바다", "붉은 노을"), ("moonlight", "fire"), ("푸른 호수", "불꽃")]
)
def test_the_prompt_determines_the_warmth(cold: str, warm: str) -> None:
    assert warmth(pixels(cold)) < 0 < warmth(pixels(warm))


def test_a_sea_at_sunset_is_drawn_in_horizontal_bands() -> None:
    picture = pixels("a calm sea at sunset", width=256, height=256).mean(axis=2)
    across, down = picture.std(axis=1).mean(), picture.mean(axis=1).std()
    assert down > across


def test_a_very_long_prompt_is_drawn() -> None:
    assert pixels("sea " + "말 word " * 4000).shape == (120, 192, 3)


def test_numpy_is_imported_only_when_something_is_drawn() -> None:
    program = "import sys, darkroom.adapters.generators.sketch.drawing; print('numpy' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded == "False\n"
