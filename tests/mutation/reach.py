"""Which tests reach which code: measured once, without a mutant, and kept until a file changes."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import coverage

from mutation.trial import ROOT, run

FAST: Final = (
    "tests/unit/domain",
    "tests/unit/ledgers",
    "tests/unit/previews",
    "tests/unit/provider_http",
    "tests/unit/spools/test_evidence.py",
    "tests/integration/http/test_events.py",
    "tests/integration/http/test_generations.py",
    "tests/integration/http/test_idempotency.py",
    "tests/integration/http/test_usage_of_all.py",
    "tests/integration/ledgers/test_contract.py",
)
STORIES: Final = "tests/mutation/stories.py"


@dataclass(frozen=True)
class Reach:
    """The tests that run each line of each file, and the duration of each test in seconds."""

    lines: Mapping[str, Mapping[int, Sequence[str]]]
    seconds: Mapping[str, float]

    def tests_of(self, file: str, line: int) -> Sequence[str]:
        """The tests that run the function around a line, or the module if there is none; the quickest test first."""
        reached = self.lines.get(file, {})
        first, last = _function_around(ROOT / file, line)
        tests = {test for at, those in reached.items() if first <= at <= last for test in those}
        return sorted(tests, key=lambda test: (self.seconds[test], test))


def measured(kept: Path) -> Reach:
    """Run all fast tests, and record the lines that each of them runs; failed tests are left out."""
    data_file, names = kept / f"reach-{_digest()}", (*FAST, STORIES)
    took = data_file.with_suffix(".seconds.json")
    if not took.exists():
        options = ("--cov", "--cov-context=test", "--cov-report=", "--cov-fail-under=0")
        ran = run(None, names, *options, data_file=data_file)
        took.write_text(json.dumps({test: seconds for test, seconds in ran.seconds.items() if test not in ran.failed}))
    seconds: dict[str, float] = json.loads(took.read_text())
    data = coverage.CoverageData(str(data_file))
    data.read()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in data.measured_files():
        if Path(file).is_relative_to(ROOT / "src"):
            lines[Path(file).relative_to(ROOT).as_posix()] = {
                line: sorted({test for one in contexts if (test := one.rpartition("|")[0]) in seconds})
                for line, contexts in data.contexts_by_lineno(file).items()
            }
    return Reach(lines, seconds)


def _function_around(file: Path, line: int) -> tuple[int, int]:
    """The first and last line of the body of the innermost function around a line, or of the file."""
    source = file.read_text()
    found = (1, len(source.splitlines()))
    for node in ast.walk(ast.parse(source)):  # outer nodes come before inner ones
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            first = node.body[0].lineno
            if first <= line <= node.end_lineno:
                found = (first, node.end_lineno)
    return found


def _digest() -> str:
    content = hashlib.sha256()
    for folder in ("src", "tests"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            content.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return content.hexdigest()[:16]
