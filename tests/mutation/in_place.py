"""A plugin for pytest: imports one module as a mutant, `MUTANT=src/domain/use_cases/store.py:12` says which."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from mutation.changes import changes

FILE, _, NUMBER = os.environ.get("MUTANT", "").rpartition(":")
MODULE = FILE.removesuffix(".py").replace("src/", "darkroom/", 1).replace("/", ".")


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


if FILE:
    assert MODULE not in sys.modules, f"{MODULE} was imported before it could be changed"
    sys.meta_path.insert(0, _Finder())
