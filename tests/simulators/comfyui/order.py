"""Parses an order: a valid workflow, and the picture that it draws."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulators.comfyui.nodes import NODES, Graph, node_errors
from simulators.pictures import Picture

MEMBERS = frozenset({"prompt", "prompt_id", "client_id", "extra_data", "number", "front"})


class Refused(Exception):
    """ComfyUI refuses an order before it runs."""

    def __init__(self, type_: str, nodes: Mapping[str, Any] | None = None) -> None:
        super().__init__(type_)
        self.body = {
            "error": {"type": type_, "message": type_.replace("_", " "), "details": "", "extra_info": {}},
            "node_errors": nodes or {},
        }

    def response(self) -> web.Response:
        return web.json_response(self.body, status=400)


@dataclass(frozen=True)
class Order:
    """A queued order; `partial` holds the errors of invalid outputs, which are not drawn."""

    id: str
    graph: Graph
    extra_data: Mapping[str, Any]
    partial: Mapping[str, Any]

    @property
    def paid(self) -> bool:
        """Whether it contains Partner nodes."""
        return any(NODES[node["class_type"]].api_node for node in self.graph.values())

    @property
    def failure(self) -> dict[str, Any] | None:
        """The error with which it fails when it runs; None if it does not."""
        for id_, node in self.graph.items():
            if NODES[node["class_type"]].api_node and not self.extra_data.get("api_key_comfy_org"):
                return execution_error(
                    id_, node["class_type"], "Exception", "Unauthorized: Please login first to use this node."
                )
        return None

    @property
    def prompt(self) -> str:
        """All its texts, which may order faults."""
        return "\n".join(texts(self.graph))

    @property
    def saved(self) -> dict[str, str]:
        """The prefixes of files, by the node that saves them."""
        return {
            id_: node["inputs"]["filename_prefix"]
            for id_, node in self.graph.items()
            if node["class_type"] == "SaveImage" and id_ not in self.partial
        }

    def picture(self) -> Picture:
        """Return the picture: equal inputs give the same picture, apart from the name of the file."""
        drawing = {id_: node for id_, node in self.graph.items() if not NODES[node["class_type"]].output_node}
        sized = next(node["inputs"] for node in drawing.values() if "width" in node["inputs"])
        return Picture(json.dumps(drawing, sort_keys=True), sized["width"], sized["height"], "png")


def texts(graph: Graph) -> Iterator[str]:
    for node in graph.values():
        for name in ("text", "prompt"):
            if isinstance(text := node["inputs"].get(name), str):
                yield text


def execution_error(node: str, class_type: str, exception: str, message: str) -> dict[str, Any]:
    return {
        "node_id": node,
        "node_type": class_type,
        "exception_type": exception,
        "exception_message": message,
        "traceback": ["Traceback"],
        "current_inputs": {"text": ["a prompt that must not be logged"]},
    }


def read_order(body: Any, *, old: bool) -> Order:  # noqa: ANN401  # any JSON that the client sent
    """Return the order that is queued for a body.

    Raises:
        Refused: the body is invalid.
    """
    if not isinstance(body, dict) or "prompt" not in body:
        raise Refused("no_prompt")
    if unknown := body.keys() - MEMBERS:
        raise Refused(f"unexpected_{min(unknown)}")
    id_ = body.get("prompt_id", str(uuid.uuid4()))
    if not old:
        try:
            canonical = isinstance(id_, str) and str(uuid.UUID(id_)) == id_
        except ValueError:
            canonical = False
        if not canonical:
            raise Refused("invalid_prompt_id")
    graph = body["prompt"]
    if not isinstance(graph, dict) or not all(
        isinstance(node, dict) and isinstance(node.get("inputs"), dict) for node in graph.values()
    ):
        raise Refused("invalid_prompt")
    if any(node.get("class_type") not in NODES for node in graph.values()):
        raise Refused("missing_node_type")
    outputs = [id_ for id_, node in graph.items() if NODES[node["class_type"]].output_node]
    if not outputs:
        raise Refused("prompt_no_outputs")
    errors = {
        node: {"errors": found, "dependent_outputs": outputs, "class_type": graph[node]["class_type"]}
        for node, found in node_errors(graph).items()
    }
    if errors and (len(outputs) == 1 or not errors.keys() < set(outputs)):
        raise Refused("prompt_outputs_failed_validation", errors)
    return Order(id_, graph, body.get("extra_data") or {}, errors)
