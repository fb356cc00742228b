"""The table of problem types is complete."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from darkroom.domain.model.errors import (
    DarkroomError,
    DrawingFailed,
    GeneratorUnavailable,
    LedgerUnavailable,
    NothingWasDrawn,
    Overloaded,
)
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES, problem_type_of


def kinds(root: type[DarkroomError]) -> Iterator[type[DarkroomError]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith("darkroom."):
            yield from [kind] if not kind.__subclasses__() else kinds(kind)


@pytest.mark.parametrize(
    "kind", [kind for kind in kinds(DarkroomError) if kind not in (NothingWasDrawn, DrawingFailed)]
)
def test_each_error_has_a_problem_type_by_its_code(kind: type[DarkroomError]) -> None:
    assert kind.code in PROBLEM_TYPES
    assert "code" in vars(kind), "each class must declare its own code"


def test_problem_types_are_named_after_the_errors() -> None:
    for code, kind in PROBLEM_TYPES.items():
        assert code in (kind.slug, LedgerUnavailable.code)
    assert PROBLEM_TYPES[LedgerUnavailable.code] is PROBLEM_TYPES[Overloaded.code]


def test_an_error_of_a_plugin_has_the_problem_type_of_its_base_class() -> None:
    class TooBusy(GeneratorUnavailable):
        def __init__(self, seconds: int, queue: str) -> None:
            super().__init__(f"{queue} is busy", retry_after=seconds)

    assert problem_type_of(TooBusy(3, "the queue")) is PROBLEM_TYPES["generator-unavailable"]
    again = TooBusy(3, "the queue").again("another detail")
    assert (again.detail, again.retry_after, type(again)) == ("another detail", 3, TooBusy)
