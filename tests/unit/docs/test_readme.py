"""The picture in the README is drawn by its example call, and its error is the answer to its example mistakes."""

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from darkroom.adapters.generators.sketch import SketchImageGenerator
from darkroom.adapters.marks.inspection import inspect
from darkroom.domain.model.errors import InvalidRequest
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.model.order import read_order
from darkroom.domain.ports import Receipt

ROOT = Path(__file__).parents[3]
PICTURE = ROOT / "docs/pictures/lighthouse.png"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CARDS = {card.version.value: card for card in SketchImageGenerator().cards}


def the_order() -> dict[str, object]:
    (body,) = re.findall(r"-d '(\{.*\})'", README)
    fields: dict[str, object] = json.loads(body)
    return fields


async def test_the_picture_is_what_the_example_call_draws() -> None:
    request = GenerationRequest.settle(read_order(the_order(), CARDS), CARDS["sketch"])
    (image,) = [image async for image in SketchImageGenerator().collect(request, Receipt())]
    with Image.open(PICTURE) as shown, Image.open(io.BytesIO(image.data)) as drawn:
        assert ImageChops.difference(shown, drawn).getbbox() is None


def test_the_picture_is_marked_with_its_origin() -> None:
    said = inspect(PICTURE.read_bytes())
    assert (said.source_type or "").endswith("/algorithmicMedia")
    assert (said.generator, said.model, said.seed) == ("sketch", "sketch", "7")


def test_the_error_is_the_answer_to_the_example_mistakes() -> None:
    (answer,) = [json.loads(block) for block in re.findall(r"```json\n(\{.*?\})\n```", README, re.DOTALL)]
    with pytest.raises(InvalidRequest) as refused:
        read_order(the_order() | {"width": 32, "seed": [1, -1], "colour": "blue"}, CARDS)
    assert answer["errors"] == [{"pointer": rule.pointer, "detail": rule.detail} for rule in refused.value.violations]
