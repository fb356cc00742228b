"""How checkpoints and workflows become models of ComfyUI, and how an order is written into their graph."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.generators.comfyui.models import ComfyUIModel, parse_models
from darkroom.adapters.generators.comfyui.workflow import Place, Workflow
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.model_card import NumberRange, PixelRange
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed

PLAIN: dict[str, Any] = json.loads(json.dumps(Workflow.shipped("a.safetensors").nodes))
FLUX: dict[str, Any] = copy.deepcopy(PLAIN) | {
    "8": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["2", 0]}},
    "9": {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["2", 0]}},
}
FLUX["5"]["inputs"] |= {"positive": ["8", 0], "negative": ["9", 0], "cfg": 0.5, "steps": 4}
REQUEST = GenerationRequest(
    version=ModelVersion("any"),
    prompt=Prompt("a fox"),
    size=ImageSize(768, 512),
    samples=1,
    seeds=(Seed(7),),
    parameters=Parameters.of(negative_prompt="hounds", num_inference_steps=30, guidance_scale=5.5),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plain.json").write_text(json.dumps(PLAIN), encoding="utf-8")
    (tmp_path / "flux.json").write_text(json.dumps(FLUX), encoding="utf-8")
    return tmp_path


def model_of(entry: str) -> ComfyUIModel:
    (model,) = parse_models([entry]).values()
    return model


def test_a_checkpoint_needs_no_workflow_file() -> None:
    model = model_of("sdxl=sd/xl.safetensors")
    graph = model.graph(REQUEST, "the-name")

    assert model.card.width == model.card.height == PixelRange(64, 2048, step=8)
    assert model.card.honours == ("negative_prompt", "seed", "num_inference_steps", "guidance_scale")
    assert model.card.num_inference_steps == NumberRange(1, 1000, default=20)
    assert graph["1"]["inputs"]["ckpt_name"] == "sd/xl.safetensors"
    assert [graph[node]["inputs"]["text"] for node in "23"] == ["a fox", "hounds"]
    assert graph["4"]["inputs"] == {"width": 768, "height": 512, "batch_size": 1}
    assert {name: graph["5"]["inputs"][name] for name in ("seed", "steps", "cfg")} == {
        "seed": 7,
        "steps": 30,
        "cfg": 5.5,
    }
    assert graph["7"]["inputs"]["filename_prefix"] == "darkroom/the-name"


def test_an_order_does_not_change_the_workflow(folder: Path) -> None:
    model = model_of(f"own={folder / 'plain.json'}")
    before = copy.deepcopy(model.workflow.nodes)
    model.graph(REQUEST, "name")

    assert model.workflow.nodes == before


def test_the_prompt_is_found_through_nodes_before_the_sampler(folder: Path) -> None:
    model = model_of(f"flux={folder / 'flux.json'}")

    assert model.places["prompt"] == Place("2", "text")
    # The prompt's conditioning, zeroed out, is not a negative prompt.
    assert model.card.honours == ("seed", "num_inference_steps", "guidance_scale")
    assert model.graph(REQUEST, "name")["5"]["inputs"]["steps"] == REQUEST.parameters.given["num_inference_steps"]


def test_declarations_take_precedence_over_what_the_workflow_shows(folder: Path) -> None:
    model = model_of(
        f"flux={folder / 'flux.json'} 512-1536/16 guidance_scale:8.guidance=3.5(1-10) "
        "num_inference_steps:5.steps=12(10-20) output:7 paid"
    )

    assert model.card.width == PixelRange(512, 1536, step=16)
    assert model.card.guidance_scale == NumberRange(1.0, 10.0, default=3.5)
    assert model.card.num_inference_steps == NumberRange(10, 20, default=12)
    assert (model.paid, model.card.idempotent) == (True, False)
    assert model.graph(REQUEST, "name")["8"]["inputs"]["guidance"] == 5.5


def test_a_size_fixed_in_the_workflow_is_the_only_one(folder: Path) -> None:
    fixed = copy.deepcopy(PLAIN)
    fixed["4"]["inputs"] |= {"width": ["1", 0]}
    (folder / "fixed.json").write_text(json.dumps(fixed), encoding="utf-8")

    assert model_of(f"own={folder / 'fixed.json'} 1024x1024").card.sizes == (ImageSize(1024, 1024),)
    with pytest.raises(InvalidValue, match="does not show where the size goes"):
        model_of(f"own={folder / 'fixed.json'} 512-1024")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ('{"nodes": [], "links": []}', "is a workflow in ComfyUI's UI format, which cannot be ordered: export it"),
        ("[]", "is not a workflow in ComfyUI's API format"),
        ("{}", "is not a workflow in ComfyUI's API format"),
        ('{"1": {"class_type": "KSampler"}}', "node '1' lacks class_type or inputs"),
        ('{"1": {"class_type": "A", "inputs": {"a": ["2", 0]}}}', "has no node '2', to which its node '1' is linked"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (
            '{"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "a"}}}',
            "does not show",
        ),
    ],
    ids=lambda value: value[:24],
)
def test_an_unusable_file_is_named(tmp_path: Path, document: str, says: str) -> None:
    file = tmp_path / "w.json"
    file.write_text(document, encoding="utf-8")

    with pytest.raises(InvalidValue, match=says) as refused:
        model_of(f"own={file}")
    assert str(refused.value).startswith(str(file))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "must name a checkpoint or the file of a workflow"),
        ("a.ckpt prompt", "'prompt' must be paid, output:9, or a field"),
        ("a.ckpt prompt:", "'' must name a node of the shipped workflow"),
        ("a.ckpt prompt:9.text", "'9.text' must name a node of the shipped workflow and an input"),
        ("a.ckpt prompt:2.clip", "'2.clip' must name a node"),
        ("a.ckpt output:6", "'6' must be a node of the shipped workflow with a filename_prefix"),
        ("a.ckpt seed:5.seed=3", "must be paid"),
        ("a.ckpt num_inference_steps:5.steps=0", "cannot be honoured"),
        ("a.ckpt 5-10", "cannot be drawn"),
    ],
)
def test_an_invalid_entry_is_reported_in_one_line(words: str, says: str) -> None:
    with pytest.raises(InvalidValue, match=says) as refused:
        model_of(f"own={words}")
    assert "\n" not in str(refused.value)


def test_a_version_may_be_named_only_once() -> None:
    with pytest.raises(InvalidValue, match="'a' is named twice"):
        parse_models(["a=a.ckpt", "a=b.ckpt"])
