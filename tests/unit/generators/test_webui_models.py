"""How the operator's list of checkpoints is read."""

import pytest

from darkroom.adapters.generators.webui.models import parse_models
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import Markup, NumberRange, PixelRange


def test_a_version_stands_for_a_checkpoint_or_for_the_one_that_is_loaded() -> None:
    models = parse_models(["webui", "sdxl = sd_xl_base_1.0.safetensors [31e35c80fc]"])

    assert {version: model.checkpoint for version, model in models.items()} == {
        "webui": None,
        "sdxl": "sd_xl_base_1.0.safetensors [31e35c80fc]",
    }
    assert [model.card.version.value for model in models.values()] == ["webui", "sdxl"]


def test_the_default_card_declares_what_every_web_ui_draws() -> None:
    card = parse_models(["webui"])["webui"].card

    assert card.width == card.height == PixelRange(64, 2048, step=8)
    assert card.honours == ("negative_prompt", "seed", "num_inference_steps", "guidance_scale")
    assert (card.generator, card.media_type, card.price) == ("webui", MediaType.PNG, None)


def test_words_declare_what_another_server_draws() -> None:
    words = "step=64 seed=told num_inference_steps=20 guidance_scale=1(0-10)"
    (model,) = parse_models([f"sdcpp = a file {words}"]).values()

    assert (model.checkpoint, model.card.seed_told) == ("a file", True)
    assert model.card.width == model.card.height == PixelRange(64, 2048, step=64)
    assert model.card.num_inference_steps == NumberRange(1, 1000, default=20)
    assert model.card.guidance_scale == NumberRange(0.0, 10.0, default=1.0)


@pytest.mark.parametrize(
    ("words", "reads"),
    [
        ("", {Markup.EXTRA_ARGS, Markup.NETWORKS}),
        ("markup=lora", {Markup.EXTRA_ARGS}),
        ("step=64 markup=localai", set(Markup)),
    ],
)
def test_the_card_says_which_markup_the_server_reads(words: str, reads: set[Markup]) -> None:
    (model,) = parse_models([f"webui {words}".strip()]).values()

    assert model.card.reads == reads


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (["sdxl="], "'sdxl' must name a checkpoint"),
        (["=sd_xl_base_1.0"], "must be 1 to 64 printable characters"),
        (["sdxl", "sdxl=sd_xl_base_1.0"], "'sdxl' is named twice"),
        (["sdxl num_inference_steps=many"], "'num_inference_steps=many' must be a field"),
        (["sdxl guidance_scale=3(5-9)"], "'guidance_scale=3\\(5-9\\)' cannot be honoured"),
    ],
)
def test_an_invalid_entry_is_reported(entries: list[str], says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        parse_models(entries)
