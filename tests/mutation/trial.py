"""Runs the tests that may notice a mutant, and judges whether they did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from mutation.in_place import CANNOT_BE_IMPORTED

ROOT: Final = Path(__file__).parents[2]
EACH_TEST: Final = 60  # seconds; many times the duration of the slowest test
ALL_TESTS: Final = 1800  # seconds; a process that takes longer gives no verdict
TRIES: Final = 2


class Verdict(StrEnum):
    """The result for a mutant."""

    NOTICED = "noticed"
    SURVIVES = "survives"
    NOT_REACHED = "survives, as no fast test runs it"
    CANNOT_BE_IMPORTED = "cannot be imported"
    UNCLEAR = "unclear, as the tests fail without it too"

    @property
    def counts(self) -> bool:
        """Whether the tests reached a verdict on the mutant."""
        return self not in (Verdict.CANNOT_BE_IMPORTED, Verdict.UNCLEAR)

    @property
    def survives(self) -> bool:
        """Whether no test notices the mutant."""
        return self in (Verdict.SURVIVES, Verdict.NOT_REACHED)


@dataclass(frozen=True)
class Ran:
    """The result of a test run: pytest's exit status, the durations, and whether each failed test was only too slow."""

    status: int | None
    failed: Mapping[str, bool] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def run(mutant: str | None, tests: Sequence[str], *options: str, data_file: Path | None = None) -> Ran:
    """Run tests with a mutant, `FILE:NUMBER`, or without one."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        environment = os.environ | {"MUTANT": mutant or "", "MUTANT_REPORT": str(report), "PYTHONPATH": "tests:package"}
        if data_file:
            environment["COVERAGE_FILE"] = str(data_file)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "mutation.in_place", "-p", "no:cacheprovider"]
        command += ["-m", "not long and not postgres", f"--timeout={EACH_TEST}", *options]
        command += ["--deselect", "tests/unit/domain/test_parameters.py"]  # it edits a copy of the code
        try:
            ended = subprocess.run(
                [*command, *tests], cwd=ROOT, env=environment, capture_output=True, timeout=ALL_TESTS, check=False
            )
        except subprocess.TimeoutExpired:
            return Ran(None)
        return Ran(ended.returncode, **(json.loads(report.read_text()) if report.exists() else {}))


class Run(Protocol):
    """The signature of `run`."""

    def __call__(self, mutant: str | None, tests: Sequence[str], /, *options: str) -> Ran: ...


def judged(mutant: str, tests: Sequence[str], run: Run = run) -> Verdict:
    """Try a mutant. A failed test has noticed it only if the same test then passes without the mutant.

    A test that takes too long has noticed it only if it is quick without the mutant, and too slow with it again.
    """
    if not tests:
        return Verdict.NOT_REACHED
    for _ in range(TRIES):
        ran = run(mutant, tests, "-x")
        if ran.status == 0:
            return Verdict.SURVIVES
        if ran.status == CANNOT_BE_IMPORTED:
            return Verdict.CANNOT_BE_IMPORTED
        for test, too_long in ran.failed.items():
            if run(None, [test]).status == 0 and (not too_long or run(mutant, [test]).failed):
                return Verdict.NOTICED
    return Verdict.UNCLEAR
