"""A new parameter of an order needs one class with its field, a line on the card, and a line in each place that
shows it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import pytest

import darkroom
from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.model_card import HONOURABLE
from darkroom.domain.model.order import read_order
from darkroom.domain.model.parameters import NONE_GIVEN, NUMBERS, PARAMETERS, Parameters
from darkroom.entrypoints.http.generations import OrderShown
from darkroom.entrypoints.http.models import Model

PLAIN: Final[Mapping[str, object]] = {"version": "memory", "prompt": "a calm sea 등대", "width": 512, "height": 384}

CLIP_SKIP: Final = """\
@dataclass(frozen=True, slots=True)
class ClipSkip:
    MIN: ClassVar = 1
    MAX: ClassVar = 12
    MEANING: ClassVar = "How many layers of the text encoder are left out."
    value: int
    def __post_init__(self) -> None:
        _integer(self.value, self.MIN, self.MAX)
"""

# By file: the line that an insertion goes before, and the insertion. These are all the edits that a parameter
# `clip_skip`, honoured by one model, needs.
ADDED: Final = {
    "domain/model/values.py": (
        "@dataclass(frozen=True, slots=True)\nclass IdempotencyKey:",
        CLIP_SKIP,
    ),
    "domain/model/parameters.py": (
        "\n    @classmethod\n    def of(",
        "    clip_skip: values.ClipSkip | None = None\n",
    ),
    "domain/model/model_card.py": ("    price: Price | None = None", "    clip_skip: NumberRange | None = None\n"),
    "adapters/in_memory/generator.py": (
        "    guidance_scale=NumberRange",
        "    clip_skip=NumberRange(1, 4, default=2),\n",
    ),
    "entrypoints/http/generations.py": ("    samples: int\n", "    clip_skip: int | None\n"),
    "entrypoints/http/models.py": ("    media_type: ImageMediaType", "    clip_skip: Numbers | None\n"),
}
TRIED: Final = """
import json
from dataclasses import replace
from datetime import UTC, datetime
from darkroom.adapters.conformance.requests import full_request
from darkroom.adapters.generators.declared_models import honouring, read_honoured
from darkroom.adapters.in_memory.generator import WIDEST_CARD as CARD
from darkroom.adapters.ledgers.rows import decode, encode_outcome, encode_request
from darkroom.domain.model.errors import InvalidRequest
from darkroom.domain.model.generation import Generation, GenerationRequest
from darkroom.domain.model.model_card import NumberRange
from darkroom.domain.model.order import read_order
from darkroom.entrypoints.http.contract.order_schema import order_schema
from darkroom.entrypoints.http.generations import OrderShown
from darkroom.entrypoints.http.models import Model

def read(card=CARD, **fields):
    order = {"version": "memory", "prompt": "a calm sea", "width": 64, "height": 48}
    return read_order(order | fields, {"memory": card})

def refused(**fields):
    try:
        read(**fields)
    except InvalidRequest as wrong:
        return [(one.pointer, one.detail) for one in wrong.violations]

order = read(clip_skip=3)
assert order.fingerprint not in (read(clip_skip=2).fingerprint, read().fingerprint)
request = GenerationRequest.settle(order, CARD)
assert request.parameters.given == {"clip_skip": 3}
assert "clip_skip" in full_request(CARD).parameters.given
assert refused(clip_skip=5) == [("/clip_skip", "must be an integer from 1 to 4 for memory")]
without = replace(CARD, clip_skip=None)
assert refused(card=without, clip_skip=3) == [("/clip_skip", "is not honoured by memory: leave it out")]
assert read().suits(without) and not order.suits(without)

at = datetime(2026, 3, 14, tzinfo=UTC)
drawn = Generation(id="1", caller="ada", request=request, model=request.version, generator="memory", fingerprint="f",
                   created_at=at)
row = {"request": encode_request(request), "outcome": encode_outcome(drawn), "created_at": at, "id": "1", "key": None,
       "caller": "ada", "fingerprint": "f", "version": "memory", "samples": 1, "generator": "memory",
       "state": "received", "revision": 0, "receipt": None, "finished_at": None, "erased_at": None}
assert decode(row) == drawn
assert OrderShown.of(drawn).clip_skip == 3
assert Model.of(CARD).clip_skip.max == 4 and "clip_skip" in Model.of(CARD).honours
(schema,) = order_schema([CARD])["anyOf"]
assert schema["properties"]["clip_skip"]["maximum"] == 4
assert honouring(dict([read_honoured("clip_skip=2(1-4)")]))["clip_skip"] == NumberRange(1, 4, default=2)
print("honoured")
"""


def test_these_edits_alone_add_a_parameter_from_the_order_to_the_row(tmp_path: Path) -> None:
    ours = Path(next(iter(darkroom.__path__)))
    shutil.copytree(ours, tmp_path / "darkroom", ignore=shutil.ignore_patterns("__pycache__", "web"))
    for name, (before, added) in ADDED.items():
        file = tmp_path / "darkroom" / name
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{name} has changed: update its line in ADDED"
        file.write_text(text.replace(before, added + before), encoding="utf-8")
    file = tmp_path / "darkroom/domain/model/parameters.py"
    file.write_text(f"from darkroom.domain.model import values\n{file.read_text(encoding='utf-8')}", encoding="utf-8")

    tried = subprocess.run(
        [sys.executable, "-c", TRIED],
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (tried.stdout, tried.stderr) == ("honoured\n", "")


def test_each_parameter_is_on_the_card_and_in_the_answers() -> None:
    order_fields, model_fields = (
        {field.name for field in msgspec.structs.fields(struct)} for struct in (OrderShown, Model)
    )

    assert set(PARAMETERS) <= set(HONOURABLE)
    assert set(PARAMETERS) <= order_fields
    assert set(NUMBERS) <= model_fields


def test_parameters_are_built_from_plain_values_and_return_them() -> None:
    values = {"negative_prompt": "fog", "num_inference_steps": 25, "guidance_scale": 0.0}
    parameters = Parameters.of(**values)

    assert parameters.given == values
    assert Parameters.of(negative_prompt=None) == NONE_GIVEN
    assert parameters.forgotten() == Parameters.of(num_inference_steps=25, guidance_scale=0.0)
    with pytest.raises(InvalidValue, match="1 to 1000"):
        Parameters.of(num_inference_steps=0)


@pytest.mark.parametrize(
    ("fields", "fingerprint"),
    [
        ({}, "8908b796345d8a8e94e71b1c6dc2405b0712217a35ef356414b275c78a9b0a3d"),
        (
            {"negative_prompt": "fog", "seed": [1, 2], "num_inference_steps": 25, "guidance_scale": 7, "samples": 2},
            "a6f6c88913865d128ee8dbd29ad3a8b680d55d8d3c1e375b5a17e5ba60248c39",
        ),
    ],
)
def test_fingerprints_are_those_of_the_first_release(fields: dict[str, object], fingerprint: str) -> None:
    assert read_order({**PLAIN, **fields}, {"memory": WIDEST_CARD}).fingerprint == fingerprint
