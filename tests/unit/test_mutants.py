"""Which mutants `make mutants` counts as noticed: failures due to a busy machine do not count."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mutation.in_place import CANNOT_BE_IMPORTED
from mutation.trial import Ran, Verdict, judged

MUTANT = "src/x.py:1"
PASSES, FAILS, TOO_LONG = Ran(0), Ran(1, {"test": False}), Ran(1, {"test": True})


class Machine:
    """Simulates runs of tests with the given results, with the mutant and without it."""

    def __init__(self, with_it: Sequence[Ran], without: Sequence[Ran]) -> None:
        self._ends = {MUTANT: iter(with_it), None: iter(without)}

    def __call__(self, mutant: str | None, tests: Sequence[str], /, *options: str) -> Ran:
        assert (len(tests), "-x" in options) in {(2, True), (1, False)}
        return next(self._ends[mutant])


@pytest.mark.parametrize(
    ("with_it", "without", "verdict"),
    [
        ([PASSES], [], Verdict.SURVIVES),
        ([Ran(CANNOT_BE_IMPORTED)], [], Verdict.CANNOT_BE_IMPORTED),
        ([FAILS], [PASSES], Verdict.NOTICED),
        ([FAILS, PASSES], [FAILS], Verdict.SURVIVES),
        ([FAILS, FAILS], [FAILS, FAILS], Verdict.UNCLEAR),
        ([FAILS, FAILS], [FAILS, PASSES], Verdict.NOTICED),
        ([TOO_LONG, TOO_LONG], [PASSES], Verdict.NOTICED),
        ([TOO_LONG, PASSES, PASSES], [PASSES], Verdict.SURVIVES),
        ([TOO_LONG, TOO_LONG], [TOO_LONG, TOO_LONG], Verdict.UNCLEAR),
        ([Ran(None), Ran(None)], [], Verdict.UNCLEAR),
        ([Ran(2), Ran(4)], [], Verdict.UNCLEAR),
    ],
)
def test_only_failures_caused_by_the_mutant_count(
    with_it: Sequence[Ran], without: Sequence[Ran], verdict: Verdict
) -> None:
    assert judged(MUTANT, ["test", "another"], Machine(with_it, without)) is verdict


def test_a_mutant_that_no_test_reaches_survives() -> None:
    assert judged(MUTANT, [], Machine([], [])) is Verdict.NOT_REACHED
    assert {verdict for verdict in Verdict if verdict.survives} == {Verdict.SURVIVES, Verdict.NOT_REACHED}
    assert {verdict for verdict in Verdict if not verdict.counts} == {Verdict.CANNOT_BE_IMPORTED, Verdict.UNCLEAR}
