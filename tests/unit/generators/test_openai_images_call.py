"""The body of a call to the Images API."""

import json
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.generators.openai_images.call import GPTImageOptions, call_body
from darkroom.adapters.generators.openai_images.models import parse_models
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed

MODELS = parse_models(["gpt-image-2", "flux-dev=64-512 seed"])
REQUEST = GenerationRequest(
    version=ModelVersion("gpt-image-2"), prompt=Prompt("a lighthouse"), size=ImageSize(1024, 816), samples=1, seeds=()
)
CHOSEN = GPTImageOptions(
    output_format="webp", output_compression=80, quality="low", background="opaque", moderation="low"
)


def sent(request: GenerationRequest, options: GPTImageOptions | None = None) -> dict[str, Any]:
    body = call_body(request, MODELS[request.version.value], options or GPTImageOptions(), "b64_json")
    fields: dict[str, Any] = json.loads(body)
    return fields


def test_a_gpt_image_model_is_sent_the_operators_options_and_no_response_format() -> None:
    plain = {"model": "gpt-image-2", "prompt": "a lighthouse", "n": 1, "size": "1024x816", "output_format": "png"}

    assert sent(REQUEST) == plain
    assert sent(REQUEST, CHOSEN) == plain | {
        "output_format": "webp",
        "output_compression": 80,
        "quality": "low",
        "background": "opaque",
        "moderation": "low",
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"output_format": "png", "output_compression": 80}, "the compression of png cannot be chosen"),
        ({"output_format": "jpeg", "background": "transparent"}, "jpeg has no transparent background"),
    ],
)
def test_contradictory_options_are_reported(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        GPTImageOptions(**options)


def test_any_other_model_is_sent_the_parameters_of_the_request_and_a_response_format() -> None:
    request = replace(
        REQUEST,
        version=ModelVersion("flux-dev"),
        seeds=(Seed(0),),
        parameters=Parameters.of(negative_prompt="fog", num_inference_steps=20, guidance_scale=2.5),
    )

    assert sent(request, CHOSEN) == {
        "model": "flux-dev",
        "prompt": "a lighthouse",
        "n": 1,
        "size": "1024x816",
        "negative_prompt": "fog",
        "seed": 0,
        "num_inference_steps": 20,
        "guidance_scale": 2.5,
        "response_format": "b64_json",
    }
