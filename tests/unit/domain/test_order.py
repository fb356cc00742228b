"""Every broken rule of an order is reported in one answer; a valid order is read as it was meant."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.domain.model.errors import InvalidRequest, Violation
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard, NumberRange, PixelRange
from darkroom.domain.model.order import ORDER_FIELDS, Order, read_order
from darkroom.domain.model.parameters import NONE_GIVEN, Parameters
from darkroom.domain.model.values import ImageSize, ModelVersion, Seed

NARROW = ModelCard(
    version=ModelVersion("narrow"),
    generator="test",
    width=PixelRange(384, 640, 8),
    height=PixelRange(384, 640, 8),
    prompt_max=20,
    samples_max=2,
    media_type=MediaType.PNG,
    negative_prompt=False,
    num_inference_steps=NumberRange(20, 30, default=25),
    guidance_scale=NumberRange(2.0, 3.0, default=2.5),
)
SIZES = replace(
    NARROW,
    version=ModelVersion("sizes"),
    sizes=(ImageSize(512, 512), ImageSize(1024, 512)),
    seed=False,
    num_inference_steps=None,
    guidance_scale=None,
)
CARDS = {card.version.value: card for card in (WIDEST_CARD, NARROW, SIZES)}
PLAIN: dict[str, Any] = {"version": "memory", "prompt": "a calm sea", "width": 512, "height": 384}


def read(**fields: object) -> Order:
    return read_order(PLAIN | fields, CARDS)


def broken(**fields: object) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        read(**fields)
    return {violation.pointer: violation.detail for violation in caught.value.violations}


def test_four_fields_are_enough() -> None:
    order = read()
    assert (order.version.value, order.prompt.value) == ("memory", "a calm sea")
    assert order.size == ImageSize(512, 384)
    assert (order.seeds, order.samples, order.parameters) == (None, None, NONE_GIVEN)


def test_broken_rules_are_reported_in_the_order_of_the_fields() -> None:
    wrong = {"colour": 1, "samples": 0, "seed": [0, -1, -2], "width": 8, "prompt": " ", "version": "narrow"}
    places = ["/prompt", "/width", "/seed/1", "/seed/2", "/samples", "/colour"]
    assert [place for place in broken(**wrong) if place in places] == places


def test_null_is_the_same_as_leaving_a_field_out() -> None:
    optional = ("negative_prompt", "seed", "num_inference_steps", "guidance_scale", "samples")
    assert read(**dict.fromkeys(optional)) == read()


def test_every_wrong_field_is_named_in_one_answer() -> None:
    violations = broken(
        version="memory",
        prompt=" ",
        width="512",
        height=True,
        seed=[1, -1, "2"],
        num_inference_steps=9,
        guidance_scale=20.5,
        samples=9,
        colour="blue",
    )
    assert set(violations) == {
        "/prompt",
        "/width",
        "/height",
        "/seed/1",
        "/seed/2",
        "/num_inference_steps",
        "/guidance_scale",
        "/samples",
        "/colour",
    }


def test_an_empty_order_reports_the_required_fields() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_order({}, CARDS)
    assert {v.pointer for v in caught.value.violations} == {"/version", "/prompt", "/width", "/height"}


def test_an_unknown_version_reports_the_known_ones_and_checks_the_rest_against_the_contract() -> None:
    assert broken(version="v9", num_inference_steps=1001) == {
        "/version": "must be one of memory, narrow, sizes",
        "/num_inference_steps": "must be an integer from 1 to 1000",
    }


def test_a_rule_of_the_whole_body_is_reported_without_a_pointer() -> None:
    assert InvalidRequest([Violation("", "must be an object")]).detail == "must be an object"


def test_a_narrower_model_is_named_in_the_rules() -> None:
    violations = broken(
        version="narrow",
        prompt="x" * 21,
        negative_prompt="blurry",
        width=648,
        height=385,
        seed=[1, 2, 3],
        num_inference_steps=31,
        guidance_scale=1.5,
    )
    assert violations == {
        "/prompt": "must be at most 20 characters long for narrow",
        "/negative_prompt": "is not honoured by narrow: leave it out",
        "/width": "must be an integer from 384 to 640, a multiple of 8, for narrow",
        "/height": "must be an integer from 384 to 640, a multiple of 8, for narrow",
        "/seed": "narrow draws at most 2 images at once",
        "/num_inference_steps": "must be an integer from 20 to 30 for narrow",
        "/guidance_scale": "must be a number from 2.0 to 3.0 for narrow",
    }


@pytest.mark.parametrize("length", [385, 648, 9999, -1, True, "512", 512.0])
def test_a_wrong_width_or_height_is_reported_with_the_rule_of_the_model(length: object) -> None:
    rule = "must be an integer from 384 to 640, a multiple of 8, for narrow"
    violations = broken(version="narrow", width=length, height=383)
    assert violations == {"/width": rule, "/height": rule}


def test_every_reported_bound_is_that_of_the_model() -> None:
    wrong = {"num_inference_steps": "x", "guidance_scale": 99, "samples": 9, "seed": [1, "x"]}
    assert broken(version="narrow", prompt="x" * 32_001, **wrong) == {
        "/prompt": "must be at most 20 characters long for narrow",
        "/seed/1": "must be an integer from 0 to 4294967295 for narrow",
        "/num_inference_steps": "must be an integer from 20 to 30 for narrow",
        "/guidance_scale": "must be a number from 2.0 to 3.0 for narrow",
        "/samples": "must be an integer from 1 to 2 for narrow",
    }


def test_a_model_with_a_list_of_sizes_refuses_other_sizes() -> None:
    assert read(version="sizes", prompt="sea", width=1024, height=512).size == ImageSize(1024, 512)
    violations = broken(version="sizes", prompt="sea", width=512, height=1024)
    assert violations.keys() == {"/width", "/height"}
    assert "512 x 512, 1024 x 512" in violations["/width"]


@pytest.mark.parametrize("width", ["512", None, 9999])
def test_width_and_height_are_checked_against_a_list_of_sizes_even_if_the_other_is_wrong(width: object) -> None:
    violations = broken(version="sizes", width=width, height=1024)
    assert violations.keys() == {"/width", "/height"}
    assert violations["/height"] == "must be an integer, and width x height one of 512 x 512, 1024 x 512 for sizes"
    assert broken(version="sizes", width=width, height=512).keys() == {"/width"}


@pytest.mark.parametrize(
    ("field", "value"), [("seed", [1]), ("num_inference_steps", 20), ("guidance_scale", 2.0), ("negative_prompt", "x")]
)
def test_a_field_that_the_model_cannot_honour_is_refused_not_dropped(field: str, value: object) -> None:
    fields = {"version": "sizes", "prompt": "sea", "width": 512, "height": 512, field: value}
    assert broken(**fields) == {f"/{field}": "is not honoured by sizes: leave it out"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", [1, "x", 2]),
        ("seed", "x"),
        ("num_inference_steps", "x"),
        ("guidance_scale", 99),
        ("negative_prompt", 5),
    ],
)
def test_a_wrong_value_of_a_field_that_the_model_cannot_honour_is_not_reported(field: str, value: object) -> None:
    fields = {"version": "sizes", "height": 512, field: value}
    assert broken(**fields) == {f"/{field}": "is not honoured by sizes: leave it out"}


def test_an_empty_negative_prompt_is_accepted_by_a_model_without_negative_prompts() -> None:
    assert read(version="sizes", height=512, negative_prompt="") == read(version="sizes", height=512)


def test_seeds_are_counted_even_if_one_of_them_is_wrong() -> None:
    assert broken(seed=[1, "x"], samples=3) == {
        "/seed": "must hold one seed for each image: 2 given for 3",
        "/seed/1": "must be an integer from 0 to 4294967295 for memory",
    }
    assert broken(version="narrow", seed=[1, "x", 2], samples=3) == {
        "/seed": "narrow draws at most 2 images at once",
        "/seed/1": "must be an integer from 0 to 4294967295 for narrow",
        "/samples": "must be an integer from 1 to 2 for narrow",
    }


def test_there_must_be_as_many_seeds_as_samples() -> None:
    assert broken(seed=[1, 2, 3], samples=2) == {"/seed": "must hold one seed for each image: 3 given for 2"}
    assert read(seed=[1, 2], samples=2).seeds == (Seed(1), Seed(2))


@pytest.mark.parametrize("seed", [[], [1] * 9, 7, "7", {"0": 7}])
def test_seeds_must_be_an_array_of_one_to_eight_integers(seed: object) -> None:
    assert broken(seed=seed) == {"/seed": "must be an array of 1 to 8 integers"}


def test_pointers_are_escaped() -> None:
    assert broken(**{"a/b~c": 1}).keys() == {"/a~1b~0c"}


class TestSettling:
    def test_one_distinct_seed_is_drawn_for_each_sample(self) -> None:
        chance = iter([7, 7, 7, 8, 8, 9])
        request = GenerationRequest.settle(read(samples=3), WIDEST_CARD, lambda: Seed(next(chance)))
        assert request.seeds == (Seed(7), Seed(8), Seed(9))

    def test_given_seeds_are_kept_and_set_the_number_of_samples(self) -> None:
        request = GenerationRequest.settle(read(seed=[4_294_967_295, 0, 0]), WIDEST_CARD)
        assert [seed.value for seed in request.seeds] == [4_294_967_295, 0, 0]
        assert request.samples == 3

    def test_one_sample_by_default(self) -> None:
        request = GenerationRequest.settle(read(), WIDEST_CARD)
        assert (request.samples, len(request.seeds)) == (1, 1)

    def test_a_model_without_seeds_gets_none(self) -> None:
        order = read(version="sizes", prompt="sea", width=512, height=512, samples=2)
        assert GenerationRequest.settle(order, SIZES).seeds == ()


class TestFingerprint:
    def test_is_taken_of_the_order_not_of_its_bytes(self) -> None:
        assert read(guidance_scale=5).fingerprint == read(guidance_scale=5.0).fingerprint
        assert read(negative_prompt="").fingerprint == read(negative_prompt=None).fingerprint == read().fingerprint

    @pytest.mark.parametrize(
        "change",
        [
            {"version": "narrow", "width": 512, "prompt": "sea"},
            {"prompt": "a calm sea "},
            {"negative_prompt": "blur"},
            {"width": 384, "height": 512},
            {"seed": [0]},
            {"num_inference_steps": 50},
            {"guidance_scale": 5.0},
            {"samples": 1},
        ],
    )
    def test_differs_with_any_field(self, change: dict[str, object]) -> None:
        assert read(**change).fingerprint != read().fingerprint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(ORDER_FIELDS) | st.text(max_size=5), json_values, max_size=10))
def test_any_json_object_is_read_or_refused_with_pointers(fields: dict[str, object]) -> None:
    try:
        order = read_order(fields, CARDS)
    except InvalidRequest as refused:
        assert refused.violations
        assert all(violation.pointer.startswith("/") for violation in refused.violations)
    else:
        assert order.version.value in CARDS


@given(
    seeds=st.lists(st.integers(0, Seed.MAX), min_size=1, max_size=8) | st.none(),
    steps=st.integers(10, 100) | st.none(),
    guidance=st.floats(1.0, 20.0) | st.integers(1, 20) | st.none(),
    width=st.integers(16, 2048),
    height=st.integers(16, 2048),
)
def test_values_that_the_card_allows_are_accepted_and_kept(
    seeds: list[int] | None, steps: int | None, guidance: float | None, width: int, height: int
) -> None:
    order = read(seed=seeds, num_inference_steps=steps, guidance_scale=guidance, width=width, height=height)
    assert order.size == ImageSize(width, height)
    assert (order.seeds and [seed.value for seed in order.seeds]) == seeds
    assert order.parameters == Parameters.of(num_inference_steps=steps, guidance_scale=guidance)
