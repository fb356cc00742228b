"""Workflows in ComfyUI's API format: nodes by their ids, whose inputs are values or links to outputs of other nodes."""

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
_LINK_LENGTH: Final = 2  # a node's id, and which of its outputs


class Place(NamedTuple):
    """An input of a node."""

    node: str
    input: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that can be ordered; `name` is what errors call it."""

    name: str
    nodes: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            InvalidValue: it is not a workflow in the API format.
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
        """The text-to-image workflow that comes along, with this checkpoint."""
        document = json.loads(resources.files(__package__).joinpath("text_to_image.json").read_bytes())
        document["1"]["inputs"]["ckpt_name"] = checkpoint
        return cls.of("the shipped workflow", document)

    @classmethod
    def of(cls, name: str, document: object) -> Self:
        """Look at a document.

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
        """The classes of its nodes, each once."""
        return sorted({node["class_type"] for node in self.nodes.values()})

    def value(self, place: Place) -> object:
        """What an input holds; None if there is none, or it is a link."""
        value = self.nodes[place.node]["inputs"].get(place.input) if place.node in self.nodes else None
        return None if linked(value) else value

    def place(self, text: str) -> Place:
        """Read `6.text`, the input of a node that holds a value.

        Raises:
            InvalidValue: there is no such input.
        """
        place = Place(*text.rpartition(".")[::2])
        if self.value(place) is None:
            raise InvalidValue(
                f"{text!r} must name a node of {self.name} and an input of it that holds a value, as 6.text"
            )
        return place

    def with_values(self, values: Mapping[Place, object]) -> dict[str, Any]:
        """Its nodes with other values in some places."""
        nodes = copy.deepcopy(dict(self.nodes))
        for place, value in values.items():
            nodes[place.node]["inputs"][place.input] = value
        return nodes

    def found(self) -> dict[str, Place]:
        """The inputs that stand for fields of an order, by their names, as far as the graph says so by itself.

        It does so if one node samples: its links lead to the texts and to the node that knows the size.
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
        """The one node that saves images; None if there are several, or none."""
        saving = [id_ for id_, node in self.nodes.items() if node["class_type"] == _SAVES]
        return saving[0] if len(saving) == 1 else None

    def _text_behind(self, link: object) -> Place | None:
        for node in self._chain(link):
            place = Place(node, "text")
            if isinstance(self.value(place), str):
                return place
        return None

    def _chain(self, link: object) -> Iterator[str]:
        """The nodes that a conditioning comes through, each once."""
        seen: set[str] = set()
        while (node := linked(link)) and node not in seen:
            seen.add(node)
            yield node
            link = self.nodes[node]["inputs"].get("conditioning")


def linked(value: object) -> str | None:
    """The id of the node that an input is linked to; None if it holds a value."""
    is_link = (
        isinstance(value, list) and len(value) == _LINK_LENGTH and isinstance(value[0], str) and type(value[1]) is int
    )
    return value[0] if is_link else None  # type: ignore[index]  # it is a list


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
