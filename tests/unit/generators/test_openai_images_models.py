"""How the operator's list of models is read."""

import json
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.conformance import plain_request
from darkroom.adapters.generators.openai_images.call import GPTImageOptions, call_body
from darkroom.adapters.generators.openai_images.models import parse_models
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import Markup, ModelCard, NumberRange, PixelRange
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import ImageSize


def card_of(entry: str) -> ModelCard:
    (model,) = parse_models([entry]).values()
    return model.card


@pytest.mark.parametrize("name", ["gpt-image-1.5", "gpt-image-1-mini", "openai/gpt-image-1.5"])
def test_older_gpt_image_models_draw_three_sizes(name: str) -> None:
    card = card_of(name)

    assert (card.version.value, card.sizes) == (
        name,
        (ImageSize(1024, 1024), ImageSize(1536, 1024), ImageSize(1024, 1536)),
    )


@pytest.mark.parametrize("name", ["gpt-image-2", "gpt-image-2-2026-04-21", "gpt-image-2.6-flare"])
def test_newer_gpt_image_models_draw_any_size_within_openais_limits(name: str) -> None:
    card = card_of(name)

    assert card.sizes is None
    for width in (card.width.min, card.width.max):
        for height in (card.height.min, card.height.max):
            assert width % 16 == height % 16 == 0
            assert max(width, height) <= min(3840, 3 * min(width, height))
            assert 655_360 <= width * height <= 8_294_400


def test_a_gpt_image_model_honours_only_the_prompt_and_has_no_price() -> None:
    card = card_of("gpt-image-2")

    assert (card.honours, card.prompt_max, card.price) == ((), 32_000, None)


def test_the_operator_may_list_other_sizes_of_a_known_model() -> None:
    assert card_of("gpt-image-2=1024x1024|3840x2160").sizes == (ImageSize(1024, 1024), ImageSize(3840, 2160))


def test_any_other_model_is_declared_with_its_sizes_and_fields() -> None:
    card = card_of("flux-dev=512-2048/16 seed negative_prompt num_inference_steps=28 guidance_scale=3.5")

    assert card.width == card.height == PixelRange(512, 2048, step=16)
    assert card.honours == ("negative_prompt", "seed", "num_inference_steps", "guidance_scale")
    assert card.num_inference_steps == NumberRange(1, 1000, default=28)
    assert card.guidance_scale == NumberRange(0.0, 100.0, default=3.5)
    assert card.media_type is MediaType.PNG


def test_a_field_that_is_not_declared_is_not_honoured() -> None:
    card = card_of("Qwen/Qwen-Image=1024x1024")

    assert (card.honours, card.sizes) == ((), (ImageSize(1024, 1024),))


def test_without_a_step_any_length_is_drawn() -> None:
    assert card_of("sd-turbo=64-512").width == PixelRange(64, 512, step=1)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("flux-dev", "'flux-dev' must say what it draws"),
        ("dall-e-3=", "'dall-e-3' must say what it draws"),
        ("flux-dev=large", "'large' must be sizes"),
        ("flux-dev=1024x", "'1024x' must be sizes"),
        ("flux-dev=1024x1024|large", "must be sizes"),
        ("flux-dev=2048-512", "'2048-512' cannot be drawn"),
        ("flux-dev=1-512", "cannot be drawn"),
        ("flux-dev=512-1024/0", "cannot be drawn"),
        ("flux-dev=9000x9000", "cannot be drawn"),
        ("flux-dev=512-1024 samples", "'samples' must be a field"),
        ("flux-dev=512-1024 seed=7", "'seed=7' must be a field"),
        ("flux-dev=512-1024 num_inference_steps", "'num_inference_steps' must be a field"),
        ("flux-dev=512-1024 num_inference_steps=0", "'num_inference_steps=0' cannot be honoured: the default 0"),
        ("flux-dev=512-1024 guidance_scale=nan", "must be a field"),
        ("gpt-image-2=1024x1024 seed", "'gpt-image-2' honours no seed"),
        ("=512-1024", "must be 1 to 64 printable characters"),
    ],
)
def test_an_invalid_entry_is_reported_in_one_line(entry: str, says: str) -> None:
    with pytest.raises(InvalidValue, match=says) as refused:
        card_of(entry)

    assert "\n" not in str(refused.value)


def test_a_model_may_be_named_only_once() -> None:
    with pytest.raises(InvalidValue, match="'gpt-image-2' is named twice"):
        parse_models(["gpt-image-2", "gpt-image-2=1024x1024"])


def body(entry: str, *, size: ImageSize | None = None, **parameters: object) -> dict[str, Any]:
    (model,) = parse_models([entry]).values()
    request = plain_request(model.card)
    request = replace(request, size=size or request.size, parameters=Parameters.of(**parameters))
    fields: dict[str, Any] = json.loads(call_body(request, model, GPTImageOptions(), "b64_json"))
    return {name: value for name, value in fields.items() if name not in {"prompt", "n"}}


def test_fields_are_sent_under_the_engines_names() -> None:
    entry = "flux=512-1024/64 seed:random_seed num_inference_steps:steps=28 guidance_scale:cfg=3.5 size:width,height"

    assert body(entry, num_inference_steps=20, guidance_scale=4) == {
        "model": "flux",
        "width": 512,
        "height": 512,
        "random_seed": 2**31,
        "steps": 20,
        "cfg": 4.0,
        "response_format": "b64_json",
    }


def test_a_size_may_be_sent_under_another_name_or_as_a_ratio_with_a_tier() -> None:
    assert body("flux=1024x1024 size:dimensions")["dimensions"] == "1024x1024"
    ratios = "grok=1:1=1024x1024|16:9@2K=2752x1536"
    assert body(ratios)["aspect_ratio"] == "1:1"
    assert body(ratios, size=ImageSize(2752, 1536)) == {
        "model": "grok",
        "aspect_ratio": "16:9",
        "resolution": "2k",
        "response_format": "b64_json",
    }


def test_constants_are_sent_and_empty_ones_are_omitted() -> None:
    assert body("a=64-512 response_format=base64 watermark=false scale=1.5 model=vendor/a-1") == {
        "model": "vendor/a-1",
        "size": "64x64",
        "response_format": "base64",
        "watermark": False,
        "scale": 1.5,
    }
    assert body("a=64-512 response_format=") == {"model": "a", "size": "64x64"}


def test_a_deployment_of_any_name_may_be_declared_a_gpt_image_model() -> None:
    (model,) = parse_models(["mine=1024x1024 kind=gpt-image model=images-prod"]).values()

    assert model.is_gpt_image
    assert body("mine=kind=gpt-image model=gpt-image-2")["model"] == "gpt-image-2"
    assert body("mine=1024x1024 kind=gpt-image") == {"model": "mine", "size": "1024x1024", "output_format": "png"}


@pytest.mark.parametrize(
    ("words", "reads"),
    [
        ("", {Markup.EXTRA_ARGS, Markup.NETWORKS}),
        ("markup=lora", {Markup.EXTRA_ARGS}),
        ("markup=localai", {Markup.EXTRA_ARGS, Markup.NETWORKS, Markup.BAR}),
        ("markup=lora markup=localai", {Markup.EXTRA_ARGS, Markup.BAR}),
    ],
)
def test_the_card_says_which_markup_the_engine_reads(words: str, reads: set[Markup]) -> None:
    assert card_of(f"a=64-512 {words}").reads == reads


def test_seed_told_declares_that_only_a_reported_seed_counts() -> None:
    assert card_of("a=64-512 seed=told").seed_told
    assert card_of("a=64-512 seed:noise=told").seed_told
    assert not card_of("a=64-512 seed=sent").seed_told


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("a=64-512 markup=html", "'markup=html' must be markup=lora or markup=localai"),
        ("a=64-512 kind=dall-e", "'kind=dall-e' must be kind=gpt-image"),
        ("a=64-512 size=auto", "'size=auto' cannot be set for all orders"),
        ("a=64-512 prompt=hello", "'prompt=hello' cannot be set for all orders"),
        ("a=64-512 8bit=true", "'8bit=true' must name an input"),
    ],
)
def test_an_invalid_word_is_reported(entry: str, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        card_of(entry)
