"""How the operator's declarations of Replicate's models are read, and the calls that they lead to."""

import json
from typing import Any

import pytest

from darkroom.adapters.generators.declared_inputs import DeclaredModel
from darkroom.adapters.generators.replicate.call import call_body, call_path
from darkroom.adapters.generators.replicate.models import parse_models
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import NumberRange, PixelRange
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed

VERSION = "0123456789abcdef" * 4
SDXL = f"sdxl=stability-ai/sdxl:{VERSION} 512-1536/8 seed negative_prompt num_inference_steps=50 guidance_scale=7.5"
FLUX = "flux=black-forest-labs/flux-dev 1:1=1024x1024|16:9=1344x768 seed:random_seed guidance_scale:guidance=3(0-10)"
REQUEST = GenerationRequest(
    version=ModelVersion("any"),
    prompt=Prompt("a lighthouse"),
    size=ImageSize(1344, 768),
    samples=1,
    seeds=(Seed(0),),
    parameters=Parameters.of(guidance_scale=2.5),
)


def model_of(entry: str) -> DeclaredModel:
    (model,) = parse_models([entry]).values()
    return model


def sent(request: GenerationRequest, entry: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(call_body(request, model_of(entry)))
    return body


def test_a_declaration_becomes_a_card() -> None:
    card = model_of(SDXL).card

    assert card.version.value == "sdxl"
    assert card.width == card.height == PixelRange(512, 1536, step=8)
    assert card.honours == ("negative_prompt", "seed", "num_inference_steps", "guidance_scale")
    assert card.num_inference_steps == NumberRange(1, 1000, default=50)
    assert (card.media_type, card.sizes, card.price) == (MediaType.PNG, None, None)


def test_a_size_is_sent_as_its_ratio() -> None:
    card = model_of(FLUX).card

    assert card.sizes == (ImageSize(1024, 1024), ImageSize(1344, 768))
    assert card.guidance_scale == NumberRange(0.0, 10.0, default=3.0)
    assert sent(REQUEST, FLUX) == {
        "input": {"prompt": "a lighthouse", "aspect_ratio": "16:9", "random_seed": 0, "guidance": 2.5}
    }


def test_sizes_without_ratios_and_all_other_fields_are_sent_unchanged() -> None:
    request = GenerationRequest(
        version=ModelVersion("sdxl"),
        prompt=Prompt("a lighthouse"),
        size=ImageSize(512, 520),
        samples=1,
        seeds=(Seed(7),),
        parameters=Parameters.of(negative_prompt="fog", num_inference_steps=20),
    )

    assert sent(request, SDXL) == {
        "version": f"stability-ai/sdxl:{VERSION}",
        "input": {
            "prompt": "a lighthouse",
            "width": 512,
            "height": 520,
            "seed": 7,
            "negative_prompt": "fog",
            "num_inference_steps": 20,
        },
    }


@pytest.mark.parametrize(
    ("output_format", "media_type"), [("png", MediaType.PNG), ("jpg", MediaType.JPEG), ("webp", MediaType.WEBP)]
)
def test_the_media_type_follows_the_declared_output_format(output_format: str, media_type: MediaType) -> None:
    assert model_of(f"{FLUX} output_format={output_format}").card.media_type is media_type


def test_a_constant_is_sent_as_a_number_or_a_flag_if_it_reads_as_one() -> None:
    also = model_of(f"{FLUX} go_fast=false megapixels=0.25 output_quality=90 scheduler=K_EULER odd=[1]").also

    assert also == {
        "go_fast": False,
        "megapixels": 0.25,
        "output_quality": 90,
        "scheduler": "K_EULER",
        "odd": "[1]",
    }


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("black-forest-labs/flux-dev", "/models/black-forest-labs/flux-dev/predictions"),
        (f"stability-ai/sdxl:{VERSION}", "/predictions"),
        (VERSION, "/predictions"),
    ],
)
def test_an_official_model_has_its_own_path(name: str, path: str) -> None:
    assert call_path(model_of(f"any={name} 1024x1024")) == path


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("flux", "'flux' must name the model that draws and what"),
        ("flux=black-forest-labs/flux-dev", "'flux' must name the model that draws and what"),
        ("flux=flux-dev 1024x1024", "'flux' must name the model that draws and what"),
        ("flux=black-forest-labs/../account 1024x1024", "'flux' must name the model that draws and what"),
        ("flux=a/b:latest 1024x1024", "'flux' must name the model that draws and what"),
        ("flux=a/b large", "'large' must be sizes"),
        ("flux=a/b 1:1=1024x1024|1344x768", "must name a ratio for each size"),
        ("flux=a/b square=1024x1024", "must name a ratio for each size"),
        ("flux=a/b 1:1=512-1024", "must name a ratio for each size"),
        ("flux=a/b 1:1@1K=1024x1024", "names tiers of resolution"),
        ("flux=a/b 1024x1024 go_fast", "'go_fast' must be a field that the model honours"),
        ("flux=a/b 1024x1024 go-fast=1", "'go-fast=1' must name an input"),
        ("flux=a/b 1024x1024 seed:=1", "'seed=1' must be a field that the model honours"),
        ("flux=a/b 1024x1024 guidance_scale:a.b=3", "must name an input"),
        ("=a/b 1024x1024", "must be 1 to 64 printable characters"),
    ],
)
def test_an_invalid_entry_is_reported_in_one_line(entry: str, says: str) -> None:
    with pytest.raises(InvalidValue, match=says) as refused:
        model_of(entry)

    assert "\n" not in str(refused.value)


def test_a_version_may_be_named_only_once() -> None:
    with pytest.raises(InvalidValue, match="'flux' is named twice"):
        parse_models([FLUX, "flux=a/b 1024x1024"])
