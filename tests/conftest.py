import gc
import os
import signal
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["servers.fixtures"]

# The time that an example takes does not show whether the property holds.
settings.register_profile("darkroom", settings(), deadline=None)
settings.load_profile("darkroom")

_TOOLS = ("tests/unit/servers/", "tests/unit/simulators/")

# Tests choose every setting themselves, so the variables of the developer's shell must not reach their services.
for name in [name for name in os.environ if name.startswith(("DARKROOM_", "AWS_"))]:
    del os.environ[name]

# A shell that starts tests in the background lets them ignore SIGINT, and with them the programs that they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.nodeid.startswith(_TOOLS):
        item.add_marker("tools")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many workers `--numprocesses auto` starts: two more than there are cores, one more with coverage.

    Tests wait for processes to start and for time limits to pass; meanwhile the cores serve another worker.
    """
    cores = len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))
    return cores + (1 if config.getoption("cov_source", default=None) else 2)


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


@pytest.hookimpl(wrapper=True, trylast=True)  # before pytest-cov combines the data files
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Remove the incomplete coverage files of processes that tests have killed."""
    try:
        return (yield)
    finally:
        if not hasattr(session.config, "workerinput"):  # when a worker ends, others may still be writing
            for file in session.config.rootpath.glob(".coverage.*"):
                if not _is_written(file):
                    file.unlink()


def _is_written(coverage: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{coverage}?mode=ro", uri=True)) as database:
            return database.execute("SELECT version FROM coverage_schema").fetchone() is not None
    except sqlite3.DatabaseError:
        return False
