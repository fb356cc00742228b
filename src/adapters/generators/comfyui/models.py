"""ComfyUI's models: each is a checkpoint, or a workflow of the operator."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from darkroom.adapters.generators.comfyui.workflow import Place, Workflow
from darkroom.adapters.generators.declared_models import Sizes, honouring, read_honoured, read_sizes
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import HONOURABLE, ModelCard, NumberRange, PixelRange
from darkroom.domain.model.parameters import NUMBERS
from darkroom.domain.model.values import ModelVersion, Prompt

FOLDER: Final = "darkroom"
"""The subfolder of ComfyUI's output folder in which images are saved."""

EXAMPLE: Final = "sdxl=sd_xl_base_1.0.safetensors, or own=workflow.json 512-1536/8 prompt:6.text seed:3.seed output:9"

_CHECKPOINT: Final = re.compile(r".+\.(safetensors|sft|ckpt|pt|gguf)")
_SIDES: Final = Sizes(PixelRange(64, 2048, step=8))
_FIELDS: Final = ("prompt", *HONOURABLE, "width", "height")


@dataclass(frozen=True, slots=True)
class ComfyUIModel:
    """A workflow, and the input for each field of an order.

    `output` is the node that saves the image. `paid`: whether a job may cost money, because the workflow has Partner
    nodes or others that call a service.
    """

    card: ModelCard
    workflow: Workflow
    places: Mapping[str, Place]
    output: str
    paid: bool

    def graph(self, request: GenerationRequest, name: str) -> dict[str, Any]:
        """Return the workflow for a request, saving its image under `name`; other inputs keep the file's values."""
        given = {
            "prompt": request.prompt.value,
            **({"seed": request.seeds[0].value} if request.seeds else {}),
            **request.parameters.given,
            "width": request.size.width,
            "height": request.size.height,
        }
        values: dict[Place, object] = {place: given[field] for field, place in self.places.items() if field in given}
        values[Place(self.output, "filename_prefix")] = f"{FOLDER}/{name}"
        if "width" in self.places and self.workflow.value(batch := Place(self.places["width"].node, "batch_size")):
            values[batch] = 1
        return self.workflow.with_values(values)


def parse_models(entries: Iterable[str]) -> dict[str, ComfyUIModel]:
    """Read the operator's list of `version=checkpoint.safetensors` and `version=workflow.json SIZES WORDS`.

    SIZES is in the form of `read_sizes`. The WORDS map fields to inputs of nodes, as in `prompt:6.text`;
    `num_inference_steps` and `guidance_scale` may have a default and range in the form of `read_honoured`. `output:9`
    names the node that saves the image, and `paid` declares that a job costs money. Anything else is found in the
    workflow, whose values are the defaults. Returns the models by version.

    Raises:
        InvalidValue: an entry or its file is invalid, or a version is named twice.
    """
    models: dict[str, ComfyUIModel] = {}
    for entry in entries:
        version, _, rest = entry.partition("=")
        model = _model(version.strip(), rest.split())
        if models.setdefault(model.card.version.value, model) is not model:
            raise InvalidValue(f"{version.strip()!r} is named twice")
    return models


def _model(version: str, words: Sequence[str]) -> ComfyUIModel:
    if not words:
        raise InvalidValue(f"{version!r} must name a checkpoint or the file of a workflow, as in {EXAMPLE}")
    checkpoint = _CHECKPOINT.fullmatch(words[0])
    workflow = Workflow.shipped(words[0]) if checkpoint else Workflow.read(Path(words[0]).expanduser())
    told = words[1:]
    sizes = read_sizes(told[0]) if told and told[0][0].isdigit() else None
    return _declared(version, workflow, sizes, told[1:] if sizes else told)


def _declared(version: str, workflow: Workflow, sizes: Sizes | None, words: Sequence[str]) -> ComfyUIModel:
    places, output, paid = workflow.found(), workflow.saving(), False
    ranges = {field: _range_in(workflow, field, places.get(field)) for field in NUMBERS}
    for word in words:
        left, equals, told = word.partition("=")
        field, colon, place = left.partition(":")
        if word == "paid":
            paid = True
        elif field == "output" and not equals:
            output = _saving(workflow, place)
        elif field in _FIELDS and colon and (field in NUMBERS or not equals):
            places[field] = workflow.place(place)
            if field in NUMBERS:
                _, ranges[field] = read_honoured(f"{field}={told or workflow.value(places[field])}")
        else:
            raise InvalidValue(f"{word!r} must be paid, output:9, or a field and where it goes, as prompt:6.text")
    if "prompt" not in places:
        raise InvalidValue(f"{workflow.name} does not show where the prompt goes: declare it, as in prompt:6.text")
    if output is None:
        raise InvalidValue(f"{workflow.name} does not show which node saves the image: declare it, as in output:9")
    places = {field: place for field, place in places.items() if field not in NUMBERS or ranges[field]}
    return ComfyUIModel(_card(version, workflow, sizes, places, ranges, paid=paid), workflow, places, output, paid)


def _saving(workflow: Workflow, node: str) -> str:
    if workflow.value(Place(node, "filename_prefix")) is None:
        raise InvalidValue(f"{node!r} must be a node of {workflow.name} with a filename_prefix, as SaveImage has it")
    return node


def _range_in(workflow: Workflow, field: str, place: Place | None) -> NumberRange | None:
    """Return the range of a field, with the workflow's value as default; None if that is outside an order's bounds."""
    if place is None:
        return None
    least, most = NUMBERS[field].MIN, NUMBERS[field].MAX
    default = workflow.value(place)
    fits = isinstance(default, int | float) and least <= default <= most
    return NumberRange(least, most, default=type(least)(default)) if fits else None  # type: ignore[arg-type]  # a number


def _card(
    version: str,
    workflow: Workflow,
    sizes: Sizes | None,
    places: Mapping[str, Place],
    ranges: Mapping[str, NumberRange | None],
    *,
    paid: bool,
) -> ModelCard:
    takes_sizes = "width" in places and "height" in places
    drawn = sizes or (_SIDES if takes_sizes else None)
    if drawn is None or not (takes_sizes or (drawn.listed and len(drawn.listed) == 1)):
        raise InvalidValue(
            f"{workflow.name} does not show where the size goes: declare it, as in width:5.width height:5.height, "
            "or the one size that it draws, as 1024x1024"
        )
    return ModelCard(
        version=ModelVersion(version),
        generator="comfyui",
        width=drawn.side,
        height=drawn.side,
        sizes=drawn.listed,
        prompt_max=Prompt.MAX_LENGTH,
        media_type=MediaType.PNG,
        samples_max=1,
        **honouring({field: ranges.get(field) for field in places}),
        # Looking a job up before sending it prevents a second drawing, but not reliably enough if it costs money.
        idempotent=not paid,
    )
