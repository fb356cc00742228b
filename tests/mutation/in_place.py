"""A plugin for pytest: imports one module as a mutant, and reports which tests failed and how.

`MUTANT=src/domain/use_cases/store.py:12` selects the mutant; `MUTANT_REPORT` names the file for the report.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import resource
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import pytest

from mutation.changes import changes

FILE, _, NUMBER = os.environ.get("MUTANT", "").rpartition(":")
MODULE = FILE.removesuffix(".py").replace("src/", "darkroom/", 1).replace("/", ".")
REPORT: Final = os.environ.get("MUTANT_REPORT")
MOST_MEMORY: Final = 4 * 2**30  # bytes; a mutant may collect without end
CANNOT_BE_IMPORTED: Final = 64
"""The exit status of pytest if the mutant, or a module that needs it, cannot be imported, so that no test ran."""

failed: Final[dict[str, bool]] = {}
"""The tests that failed; the value is whether the test only took too long."""

seconds: Final[dict[str, float]] = {}
"""The duration of each test."""


class _Mutating(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.get_data(self.path))
        changes(tree)[int(NUMBER)].make()
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname == MODULE else None
        if spec and spec.origin:
            spec.loader = _Mutating(fullname, spec.origin)
        return spec


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Exit if a test module cannot be imported with the mutant."""
    if FILE and report.failed:
        pytest.exit(f"{report.nodeid} cannot be collected", returncode=CANNOT_BE_IMPORTED)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record how long a test took, and whether it failed."""
    seconds[report.nodeid] = seconds.get(report.nodeid, 0.0) + report.duration
    if report.failed:
        failed.setdefault(report.nodeid, "from pytest-timeout" in str(report.longrepr))


def pytest_sessionfinish() -> None:
    """Write the report."""
    if REPORT:
        Path(REPORT).write_text(json.dumps({"failed": failed, "seconds": seconds}))


def _import_it() -> None:
    """Import the mutant before any test does."""
    assert MODULE not in sys.modules, f"{MODULE} was imported before it could be changed"
    sys.meta_path.insert(0, _Finder())
    try:
        importlib.import_module(MODULE)
    except Exception as fault:  # noqa: BLE001  # an import may raise anything
        sys.stderr.write(f"{MODULE}: {fault!r}\n")
        sys.exit(CANNOT_BE_IMPORTED)


if FILE:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    _import_it()
