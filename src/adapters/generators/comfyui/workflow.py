"""Workflows in ComfyUI's API format: nodes by id, whose inputs are values or links to other nodes' outputs."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from darkroom.domain.model.errors import InvalidValue

_SEEDS: Final = {"KSampler": "seed", "KSamplerAdvanced": "noise_seed"}
_SAVES: Final = "SaveImage"
_LONGEST: Final = 4 * 1024 * 1024  # bytes
_LINK_LENGTH: Final = 2  # a node's id and the index of its output


class Place(NamedTuple):
    """An input of a node."""

    node: str
    input: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """A valid workflow; `name` is for errors."""

    name: str
    nodes: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            InvalidValue: it cannot be read, or is not a workflow in the API format.
        """
        try:
            if path.stat().st_size > _LONGEST:
                raise InvalidValue(f"{path} is longer than {_LONGEST} bytes")
            document = json.loads(path.read_bytes())
        except OSError as fault:
            raise InvalidValue(f"{path} cannot be read: {fault.strerror}") from fault
        except (ValueError, RecursionError) as fault:
            raise InvalidValue(f"{path} is not JSON") from fault
        return cls.of(str(path), document)

    @classmethod
    def shipped(cls, checkpoint: str) -> Self:
        """Return the text-to-image workflow of this package, with `checkpoint`."""
        document = json.loads(resources.files(__package__).joinpath("text_to_image.json").read_bytes())
        document["1"]["inputs"]["ckpt_name"] = checkpoint
        return cls.of("the shipped workflow", document)

    @classmethod
    def of(cls, name: str, document: object) -> Self:
        """Check a decoded JSON document.

        Raises:
            InvalidValue: it is not a workflow in the API format.
        """
        if isinstance(document, dict) and isinstance(document.get("nodes"), list):
            raise InvalidValue(
                f"{name} is a workflow in ComfyUI's UI format, which cannot be ordered: export it with "
                "Workflow > Export (API)"
            )
        if not isinstance(document, dict) or not document:
            raise InvalidValue(f"{name} is not a workflow in ComfyUI's API format")
        nodes: dict[str, Mapping[str, Any]] = {}
        for node_id, node in document.items():
            match node:
                case {"class_type": str(class_type), "inputs": dict(inputs)}:
                    nodes[node_id] = {"class_type": class_type, "inputs": inputs}
                case _:
                    raise InvalidValue(
                        f"{name} is not a workflow in ComfyUI's API format: node {node_id!r} lacks class_type or inputs"
                    )
        workflow = cls(name, nodes)
        for node_id, node in nodes.items():
            for value in node["inputs"].values():
                if (link := linked(value)) and link not in nodes:
                    raise InvalidValue(f"{name} has no node {link!r}, to which its node {node_id!r} is linked")
        return workflow

    @property
    def classes(self) -> list[str]:
        """The distinct classes of its nodes, sorted."""
        return sorted({node["class_type"] for node in self.nodes.values()})

    def value(self, place: Place) -> object:
        """Return the value of an input; None if the node lacks the input, or if it is a link."""
        value = self.nodes[place.node]["inputs"].get(place.input) if place.node in self.nodes else None
        return None if linked(value) else value

    def place(self, text: str) -> Place:
        """Read the name of an input that has a value, such as `6.text`.

        Raises:
            InvalidValue: the node lacks the input, or it is a link.
        """
        place = Place(*text.rpartition(".")[::2])
        if self.value(place) is None:
            raise InvalidValue(
                f"{text!r} must name a node of {self.name} and an input of it that holds a value, as 6.text"
            )
        return place

    def with_values(self, values: Mapping[Place, object]) -> dict[str, Any]:
        """Return a copy of its nodes with some inputs replaced."""
        nodes = copy.deepcopy(dict(self.nodes))
        for place, value in values.items():
            nodes[place.node]["inputs"][place.input] = value
        return nodes

    def found(self) -> dict[str, Place]:
        """Return the inputs for fields of an order, by field, as far as they can be found in the graph.

        If there is exactly one sampler, its links lead to the texts and to the node with the size; otherwise the result
        is empty.
        """
        samplers = [id_ for id_, node in self.nodes.items() if node["class_type"] in _SEEDS]
        if len(samplers) != 1:
            return {}
        (sampler,) = samplers
        inputs = self.nodes[sampler]["inputs"]
        places = {
            "seed": Place(sampler, _SEEDS[self.nodes[sampler]["class_type"]]),
            "num_inference_steps": Place(sampler, "steps"),
            "guidance_scale": Place(sampler, "cfg"),
        }
        if latent := linked(inputs.get("latent_image")):
            places |= {side: Place(latent, side) for side in ("width", "height")}
        found = {name: place for name, place in places.items() if _is_number(self.value(place))}
        positive, negative = (self._text_behind(inputs.get(name)) for name in ("positive", "negative"))
        if positive:
            found["prompt"] = positive
        if negative and negative != positive:
            found["negative_prompt"] = negative
        return found

    def saving(self) -> str | None:
        """Return the node that saves images; None unless there is exactly one."""
        saving = [id_ for id_, node in self.nodes.items() if node["class_type"] == _SAVES]
        return saving[0] if len(saving) == 1 else None

    def _text_behind(self, link: object) -> Place | None:
        for node in self._chain(link):
            place = Place(node, "text")
            if isinstance(self.value(place), str):
                return place
        return None

    def _chain(self, link: object) -> Iterator[str]:
        """Yield the nodes through which a conditioning passes, each once."""
        seen: set[str] = set()
        while (node := linked(link)) and node not in seen:
            seen.add(node)
            yield node
            link = self.nodes[node]["inputs"].get("conditioning")


def linked(value: object) -> str | None:
    """Return the id of the node to which an input is linked; None if the input is a value."""
    is_link = (
        isinstance(value, list) and len(value) == _LINK_LENGTH and isinstance(value[0], str) and type(value[1]) is int
    )
    return value[0] if is_link else None  # type: ignore[index]  # it is a list


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
