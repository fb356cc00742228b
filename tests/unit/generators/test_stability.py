"""What is requested from Stability AI, and how its answers are read."""

import base64
import json
from fractions import Fraction

import httpx
import pytest

from darkroom.adapters.generators.ratios import Shape
from darkroom.adapters.generators.stability.answer import read_answer
from darkroom.adapters.generators.stability.models import RATIOS, stability_cards
from darkroom.adapters.in_memory.generator import tile
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import Charged, DrawingFailed, GeneratorRefused, GeneratorUnavailable, PromptRejected
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed

REQUEST = GenerationRequest(
    version=ModelVersion("stable-image-core"),
    prompt=Prompt("a lighthouse"),
    size=ImageSize(1280, 720),
    samples=1,
    seeds=(Seed(7),),
)


def answered(status: int = 200, *, width: int = 160, height: int = 90, **fields: object) -> Answer:
    image = base64.b64encode(tile(width, height, 7)).decode()
    document = {"image": image, "seed": 7, "finish_reason": "SUCCESS"} | fields
    return Answer(status, httpx.Headers(), json.dumps(document).encode())


@pytest.mark.parametrize(("size", "shape"), RATIOS.shapes.items(), ids=str)
def test_each_size_has_exactly_the_ratio_that_is_requested_for_it(size: ImageSize, shape: Shape) -> None:
    wide, high = map(int, str(shape.ratio).split(":"))

    assert Fraction(size.width, size.height) == Fraction(wide, high)
    assert size.width * size.height == pytest.approx(1024 * 1024, rel=0.15)


def test_every_size_of_a_card_lies_within_its_sides() -> None:
    (card,) = stability_cards(["sd3.5-large"], MediaType.PNG)

    assert all(size.width in card.width and size.height in card.height for size in card.sizes or ())
    assert ImageSize(1024, 1024) in (card.sizes or ())


@pytest.mark.parametrize(("width", "height"), [(160, 90), (1344, 768), (1536, 864)])
def test_an_image_may_have_any_number_of_pixels(width: int, height: int) -> None:
    (image,) = read_answer(answered(width=width, height=height), REQUEST).images

    assert (image.file.width, image.file.height, image.seed) == (width, height, Seed(7))


@pytest.mark.parametrize(("said", "made"), [(8, 8), (0, 0), (None, 7), ("8", 8), (8.0, 8), (True, None), (2**32, None)])
def test_the_seed_is_the_reported_one_or_else_the_one_sent(said: object, made: int | None) -> None:
    (image,) = read_answer(answered(seed=said), REQUEST).images

    assert image.seed == (None if made is None else Seed(made))


def failure_of(answer: Answer) -> DrawingFailed:
    with pytest.raises(DrawingFailed) as failure:
        read_answer(answer, REQUEST)
    return failure.value


def test_a_rate_limit_lasts_a_minute_unless_the_answer_has_retry_after() -> None:
    with_retry_after = Answer(429, httpx.Headers({"retry-after": "3"}), b"")

    for answer, rest in ((answered(429), 60), (with_retry_after, 3)):
        failure = failure_of(answer)
        assert (type(failure), failure.charged, failure.retry_after) == (GeneratorUnavailable, Charged.NO, rest)


def test_exhausted_credits_are_a_refusal_that_is_not_retried() -> None:
    failure = failure_of(answered(402))

    assert (type(failure), failure.retry_after) == (GeneratorRefused, None)
    assert "no credits left" in failure.detail


def test_moderation_before_drawing_costs_nothing_and_a_blurred_image_is_charged() -> None:
    before = failure_of(answered(403, name="content_moderation"))
    after = failure_of(answered(finish_reason="CONTENT_FILTERED"))

    assert (type(before), before.charged) == (PromptRejected, Charged.NO)
    assert (type(after), after.charged) == (PromptRejected, Charged.YES)
