import gc
import os
from collections.abc import Generator

import pytest
from hypothesis import settings

pytest_plugins = ["servers.fixtures"]

# How long an example takes says nothing about whether the property holds.
settings.register_profile("darkroom", settings(), deadline=None)
settings.load_profile("darkroom")

# Tests choose every setting themselves: what the developer's shell holds must not reach the services that they start.
for name in [name for name in os.environ if name.startswith(("DARKROOM_", "AWS_"))]:
    del os.environ[name]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect garbage after the tests are collected, not while their files are parsed.

    Python 3.11 reports a `SystemError` of `ast.parse` if the collector runs Python code in the middle of it
    (python/cpython#106905).
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
