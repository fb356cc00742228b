"""Rules about imports that the import linter cannot check."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from darkroom.domain.ports import GenerationLedger, ImageGenerator, ImageSpool, ImageStorage
from darkroom.domain.use_cases.generate_images import GenerateImages

SOURCES = Path(__file__).parents[3] / "package" / "darkroom"
ROOTS = ("domain", "adapters", "entrypoints")
MODULES = {
    ".".join(path.relative_to(SOURCES.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for root in ROOTS
    for path in sorted((SOURCES / root).rglob("*.py"))
}
# The modules of the standard library that reach out of the process.
EFFECTS = {
    "ftplib",
    "http",
    "multiprocessing",
    "os",
    "pathlib",
    "shutil",
    "signal",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "urllib",
    "webbrowser",
}
TECHNOLOGIES = {
    f"darkroom.adapters.{kind}.{folder.name}"
    for kind in ("generators", "storages", "ledgers")
    for folder in (SOURCES / "adapters" / kind).iterdir()
    if (folder / "__init__.py").exists()
}


def imports(source: str, package: str) -> Iterator[str]:
    """Yield the absolute name of each module, or name in one, that `source` imports anywhere, functions included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*parents, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imports_of(module: str) -> set[str]:
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return set(imports(path.read_text(encoding="utf-8"), package))


def top_level(name: str) -> str:
    return name.partition(".")[0]


def modules_under(root: str) -> list[str]:
    return [module for module in MODULES if module == root or module.startswith(f"{root}.")]


def technology(module: str) -> str | None:
    return next((known for known in TECHNOLOGIES if module == known or module.startswith(f"{known}.")), None)


def test_every_form_of_import_is_found() -> None:
    source = """
import a, b.c as d
from e.f import g
from . import h
from .i import j
from .. import k
def lazily():
    from ..l.m import n
"""
    assert set(imports(source, "package.inner")) == {
        "a",
        "b.c",
        "e.f.g",
        "package.inner.h",
        "package.inner.i.j",
        "package.k",
        "package.l.m.n",
    }


@pytest.mark.parametrize("module", modules_under("darkroom.domain"))
def test_the_domain_imports_only_the_standard_library_and_itself(module: str) -> None:
    foreign = {
        name
        for name in imports_of(module)
        if not name.startswith("darkroom.domain") and top_level(name) not in sys.stdlib_module_names
    }
    assert foreign == set()


@pytest.mark.parametrize("module", modules_under("darkroom.domain"))
def test_the_domain_is_pure(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert calls & {"open", "input", "print"} == set()
    assert {name for name in imports_of(module) if top_level(name) in EFFECTS} == set()


@pytest.mark.parametrize("module", modules_under("darkroom.domain.model"))
def test_the_model_imports_neither_tasks_nor_logging(module: str) -> None:
    assert {top_level(name) for name in imports_of(module)} & {
        "asyncio",
        "logging",
        "threading",
        "contextvars",
    } == set()


def test_the_domain_has_three_layers() -> None:
    layers = {module.split(".")[2] for module in modules_under("darkroom.domain") if module.count(".") > 1}
    assert layers == {"model", "ports", "use_cases"}
    for layer, below in (("model", {"model"}), ("ports", {"model", "ports"})):
        inside = {name for module in modules_under(f"darkroom.domain.{layer}") for name in imports_of(module)}
        assert {name.split(".")[2] for name in inside if name.startswith("darkroom.domain.")} <= below


def test_the_use_case_depends_on_the_ports_of_the_design() -> None:
    """The use case GenerateImages depends on the ports ImageGenerator and ImageStorage."""
    parameters = [*inspect.signature(GenerateImages).parameters.values()][:4]
    assert [parameter.annotation for parameter in parameters] == [
        ImageGenerator,
        ImageStorage,
        ImageSpool,
        GenerationLedger,
    ]


@pytest.mark.parametrize("module", modules_under("darkroom.adapters"))
def test_no_technology_is_imported_outside_of_its_own_folder(module: str) -> None:
    known = {found for name in imports_of(module) if (found := technology(name))}
    assert known <= {technology(module)}


def test_only_direct_dependencies_are_imported() -> None:
    required = {
        re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")
        for requirement in metadata.requires("darkroom") or []
    }
    owners = metadata.packages_distributions()
    imported = {top_level(name) for module in MODULES for name in imports_of(module)}
    third_party = imported - {"darkroom"} - sys.stdlib_module_names
    undeclared = {
        name
        for name in third_party
        if not required & {owner.lower().replace("_", "-") for owner in owners.get(name, [name])}
    }
    assert undeclared == set()
