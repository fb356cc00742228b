"""docs/calling.md is enough to write a client: its problems and its JSON are those of the service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from darkroom.domain.model.errors import Charged, DarkroomError, LedgerUnavailable, NothingWasDrawn
from darkroom.entrypoints.http import cors
from darkroom.entrypoints.http.generations import GenerationShown
from darkroom.entrypoints.http.models import Models
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES
from darkroom.entrypoints.http.problems import ProblemAnswer
from darkroom.entrypoints.http.usage import CallerUsage

PAGE = (Path(__file__).parents[3] / "docs" / "calling.md").read_text(encoding="utf-8")
ROWS = {
    slug: (int(status), set(re.findall("`(no|yes|unknown)`", charged)), todo)
    for slug, status, charged, todo in re.findall(
        r"^\| `([a-z-]+)` \| (\d{3}) \| ((?:`\w+`(?:, )?)+) \| (.+) \|$", PAGE, re.MULTILINE
    )
}
TYPES = {kind.slug: kind for kind in PROBLEM_TYPES.values()}


def kinds(root: type[DarkroomError]) -> Iterator[type[DarkroomError]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith("darkroom."):
            yield kind
            yield from kinds(kind)


def test_each_problem_type_has_a_row_with_its_status() -> None:
    assert {slug: row[0] for slug, row in ROWS.items()} == {slug: kind.status for slug, kind in TYPES.items()}
    assert all(todo for _, _, todo in ROWS.values())


@pytest.mark.parametrize("kind", [kind for kind in kinds(DarkroomError) if "code" in vars(kind) and kind.code in TYPES])
def test_the_charge_in_each_row_is_that_of_its_error(kind: type[DarkroomError]) -> None:
    charged = ROWS[kind.code][1]
    assert kind.charged in charged
    if issubclass(kind, NothingWasDrawn) and kind.code != "overloaded":
        assert charged == {Charged.NO}


def test_the_charge_of_an_overloaded_answer_may_be_unknown() -> None:
    assert PROBLEM_TYPES[LedgerUnavailable.code].slug == "overloaded"
    assert ROWS["overloaded"][1] == {Charged.NO, Charged.UNKNOWN}


@pytest.mark.parametrize(
    ("shown", "first"),
    [
        (ProblemAnswer, '"type": "/problems/unusable-image"'),
        (GenerationShown, '"id": "01a22eb2-0702-7c43-9a7f-b233fad62f84"'),
        (Models, '"models": ['),
        (CallerUsage, '"today": {'),
    ],
)
def test_the_json_of_each_answer_has_the_fields_of_the_service(shown: type[msgspec.Struct], first: str) -> None:
    (block,) = [
        text for text in re.findall(r"```json\n(\{\n.*?)```", PAGE, re.DOTALL) if text[2:].lstrip().startswith(first)
    ]
    read = msgspec.json.decode(block, type=shown)
    assert keys(json.loads(msgspec.json.encode(read))) == keys(json.loads(block))


def keys(value: object) -> object:
    """The names of all fields at every depth, without their values."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    return [keys(inner) for inner in value] if isinstance(value, list) else None


def test_the_headers_that_a_page_of_another_origin_may_read_are_listed() -> None:
    (_, exposed) = cors._EXPOSED  # noqa: SLF001  # it can be read without a request
    listed = PAGE.partition("## From a browser")[2]
    assert [name for name in exposed.decode().split(", ") if f"`{name}`" not in listed] == ["x-should-retry"]
