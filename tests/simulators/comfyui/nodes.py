"""The nodes of this ComfyUI, as described by `/object_info`, and the validation of workflows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CHECKPOINTS = ["sd_xl_base_1.0.safetensors", "flux1-schnell-fp8.safetensors"]
LONGEST_SEED = 2**64 - 1


@dataclass(frozen=True)
class NodeClass:
    """A class of nodes: its declared inputs, the types of its outputs, and whether it saves files or costs money."""

    inputs: Mapping[str, list[Any]]
    outputs: tuple[str, ...] = ()
    output_node: bool = False
    api_node: bool = False
    hidden: Mapping[str, str] = field(default_factory=dict)

    def described(self, name: str) -> dict[str, Any]:
        description = {
            "input": {"required": dict(self.inputs), "hidden": dict(self.hidden)},
            "output": list(self.outputs),
            "name": name,
            "output_node": self.output_node,
        }
        return description | ({"api_node": True} if self.api_node else {})


def _whole(least: int, most: int, step: int = 1) -> list[Any]:
    return ["INT", {"min": least, "max": most, "step": step}]


def _number(least: float, most: float) -> list[Any]:
    return ["FLOAT", {"min": least, "max": most}]


_SAVED = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
NODES: Mapping[str, NodeClass] = {
    "CheckpointLoaderSimple": NodeClass({"ckpt_name": [CHECKPOINTS, {}]}, ("MODEL", "CLIP", "VAE")),
    "CLIPTextEncode": NodeClass({"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}, ("CONDITIONING",)),
    "ConditioningZeroOut": NodeClass({"conditioning": ["CONDITIONING"]}, ("CONDITIONING",)),
    "EmptyLatentImage": NodeClass(
        {"width": _whole(16, 16384, 8), "height": _whole(16, 16384, 8), "batch_size": _whole(1, 4096)}, ("LATENT",)
    ),
    "KSampler": NodeClass(
        {
            "model": ["MODEL"],
            "seed": _whole(0, LONGEST_SEED),
            "steps": _whole(1, 10000),
            "cfg": _number(0.0, 100.0),
            "sampler_name": [["euler", "dpmpp_2m", "ddim"], {}],
            "scheduler": [["normal", "karras", "simple"], {}],
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "latent_image": ["LATENT"],
            "denoise": _number(0.0, 1.0),
        },
        ("LATENT",),
    ),
    "VAEDecode": NodeClass({"samples": ["LATENT"], "vae": ["VAE"]}, ("IMAGE",)),
    "Flux2ProImageNode": NodeClass(
        {
            "prompt": ["STRING", {"multiline": True}],
            "width": _whole(256, 2048, 32),
            "height": _whole(256, 2048, 32),
            "seed": _whole(0, LONGEST_SEED),
            "prompt_upsampling": ["BOOLEAN", {"default": True}],
        },
        ("IMAGE",),
        api_node=True,
    ),
    "SaveImage": NodeClass(
        {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}, output_node=True, hidden=_SAVED
    ),
    "PreviewImage": NodeClass({"images": ["IMAGE"]}, output_node=True, hidden=_SAVED),
}

Graph = Mapping[str, Mapping[str, Any]]


def node_errors(graph: Graph) -> dict[str, list[dict[str, Any]]]:
    """Return the errors of each invalid node, by node."""
    return {node: errors for node in graph if (errors := list(_errors_of(graph, node)))}


def _errors_of(graph: Graph, node: str) -> Iterator[dict[str, Any]]:
    declared, given = NODES[graph[node]["class_type"]].inputs, graph[node]["inputs"]
    for name in given.keys() - declared.keys():
        yield _error("unexpected_input", name)
    for name, kind in declared.items():
        if name not in given:
            yield _error("required_input_missing", name)
        elif broken := _broken(graph, given[name], kind):
            yield _error(broken, name)


def _broken(graph: Graph, value: object, kind: list[Any]) -> str | None:
    if isinstance(value, list):
        return _broken_link(graph, value, kind[0])
    if isinstance(kind[0], list):
        return None if value in kind[0] else "value_not_in_list"
    return _broken_value(value, kind[0], kind[1] if len(kind) > 1 else {})


def _broken_link(graph: Graph, link: list[Any], type_: str) -> str | None:
    match link:
        case [str(source), int(slot)] if source in graph:
            outputs = NODES[graph[source]["class_type"]].outputs
            return None if outputs[slot : slot + 1] == (type_,) else "return_type_mismatch"
        case _:
            return "bad_linked_input"


def _broken_value(value: object, type_: str, bounds: Mapping[str, Any]) -> str | None:
    fits = {"INT": int, "FLOAT": int | float, "STRING": str, "BOOLEAN": bool}.get(type_)
    if fits is None or not isinstance(value, fits) or (isinstance(value, bool) and type_ != "BOOLEAN"):
        return "invalid_input_type"
    if isinstance(value, int | float) and "min" in bounds:
        if value < bounds["min"]:
            return "value_smaller_than_min"
        if value > bounds["max"]:
            return "value_bigger_than_max"
        if type_ == "INT" and value % bounds["step"]:
            return "value_not_a_step"
    return None


def _error(type_: str, name: str) -> dict[str, Any]:
    return {"type": type_, "message": type_.replace("_", " ").capitalize(), "details": name, "extra_info": {}}
