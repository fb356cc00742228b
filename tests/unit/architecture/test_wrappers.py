"""Every adapter that wraps another one of its port passes each call on and does not use the default of the port."""

import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

import pytest

from darkroom import adapters
from darkroom.domain import ports


def every_subclass(of: type) -> Iterator[type]:
    subclasses: list[type] = of.__subclasses__()
    for subclass in subclasses:
        yield subclass
        yield from every_subclass(subclass)


def wrappers() -> list[tuple[type, type]]:
    """The ports and the classes that implement them, and are made of an object with the same port."""
    for module in pkgutil.walk_packages(adapters.__path__, "darkroom.adapters."):
        with suppress(ImportError):  # it belongs to an extra that is not installed
            import_module(module.name)
    found = {
        (port, one)
        for _, port in inspect.getmembers(ports, inspect.isclass)
        if getattr(port, "_is_protocol", False)
        for one in every_subclass(port)
        if one.__module__.startswith("darkroom.adapters.")
        if any(port.__name__ in str(each.annotation) for each in inspect.signature(one).parameters.values())
    }
    return sorted(found, key=str)


WRAPPERS = wrappers()


def test_wrappers_of_generators_spools_storages_and_ledgers_are_found() -> None:
    wrapped = {port.__name__ for port, _ in WRAPPERS}
    assert wrapped >= {"ImageGenerator", "ImageSpool", "ImageStorage", "GenerationLedger"}
    assert {"ByVersionImageGenerator", "MarkingImageGenerator", "WatchedImageGenerator"} <= {
        one.__name__ for _, one in WRAPPERS
    }


@pytest.mark.parametrize(("port", "wrapper"), WRAPPERS, ids=lambda one: one.__name__)
def test_a_wrapper_defines_every_method_of_its_port(port: type, wrapper: type) -> None:
    methods = {name for name in vars(port) if not name.startswith("_")}
    assert set(vars(wrapper)) >= methods
