"""What `make mutants` counts as noticed: nothing that a busy machine does, or that no test has tried."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mutation.in_place import CANNOT_BE_IMPORTED
from mutation.trial import Ran, Verdict, judged

MUTANT = "src/x.py:1"
PASSES, FAILS, TOO_LONG = Ran(0), Ran(1, {"test": False}), Ran(1, {"test": True})


class Machine:
    """Runs tests, and each time ends as is said: with the mutant, and without it."""

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
def test_only_what_the_mutant_itself_does_is_held_against_it(
    with_it: Sequence[Ran], without: Sequence[Ran], verdict: Verdict
) -> None:
    assert judged(MUTANT, ["test", "another"], Machine(with_it, without)) is verdict


def test_what_no_test_runs_survives() -> None:
    assert judged(MUTANT, [], Machine([], [])) is Verdict.NOT_REACHED
    assert {verdict for verdict in Verdict if verdict.survives} == {Verdict.SURVIVES, Verdict.NOT_REACHED}
    assert {verdict for verdict in Verdict if not verdict.counts} == {Verdict.CANNOT_BE_IMPORTED, Verdict.UNCLEAR}
