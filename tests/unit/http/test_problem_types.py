"""The table of problems has no hole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from darkroom.domain.model.errors import DarkroomError, DrawingFailed, LedgerUnavailable, NothingWasDrawn, Overloaded
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES


def kinds(root: type[DarkroomError]) -> Iterator[type[DarkroomError]]:
    for kind in root.__subclasses__():
        yield from [kind] if not kind.__subclasses__() else kinds(kind)


@pytest.mark.parametrize(
    "kind", [kind for kind in kinds(DarkroomError) if kind not in (NothingWasDrawn, DrawingFailed)]
)
def test_each_error_is_told(kind: type[DarkroomError]) -> None:
    assert kind in PROBLEM_TYPES


def test_types_are_named_as_the_errors_are() -> None:
    for kind, told in PROBLEM_TYPES.items():
        if kind is not LedgerUnavailable:
            assert told.slug.replace("-", "") == kind.__name__.lower()
    assert PROBLEM_TYPES[LedgerUnavailable] is PROBLEM_TYPES[Overloaded]
    assert len({told.slug for told in PROBLEM_TYPES.values()}) == len(PROBLEM_TYPES) - 1
