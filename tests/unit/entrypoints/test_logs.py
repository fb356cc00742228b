import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from darkroom.entrypoints import logs
from darkroom.entrypoints.logs import TALKATIVE


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in ["root", *TALKATIVE]}
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def stderr(monkeypatch: pytest.MonkeyPatch, *, terminal: bool = False) -> Stream:
    stream = Stream(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_a_json_line_contains_the_fields_of_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stderr(monkeypatch)
    logs.set_up(level="info")
    logging.getLogger("a.b").info("drawn %s", "그림\n", extra={"generation": "g", "images": 2})
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "info", "logger": "a.b", "message": "drawn 그림\n", "generation": "g", "images": 2}
    assert stream.getvalue().count("\n") == 1


def test_a_json_line_contains_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stderr(monkeypatch)
    logs.set_up(level="info", style="json")
    logging.getLogger().error("no", exc_info=OSError("disk"))
    assert json.loads(stream.getvalue())["exception"].endswith("OSError: disk")


def test_a_terminal_gets_readable_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stderr(monkeypatch, terminal=True)
    logs.set_up(level="info")
    logging.getLogger().warning("not stored", extra={"generation": "g", "caller": None})
    assert stream.getvalue().endswith(" \x1b[33mWARNING\x1b[0m not stored generation=g\n")


def test_a_terminal_can_be_given_json(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stderr(monkeypatch, terminal=True)
    logs.set_up(level="info", style="json")
    logging.getLogger().info("x")
    assert json.loads(stream.getvalue())["message"] == "x"


def test_control_characters_in_a_message_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stderr(monkeypatch)
    logs.set_up(level="info", style="console")
    logging.getLogger().info("a\n12:00 b\x1b[2J", extra={"c": "d\r"})
    assert stream.getvalue().endswith("INFO a\\n12:00 b\\x1b[2J c=d\\r\n")


def test_a_traceback_follows_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stderr(monkeypatch)
    logs.set_up(level="info", style="console")
    logging.getLogger().error("no", exc_info=OSError("disk"))
    assert stream.getvalue().endswith("ERROR no\nOSError: disk\n")


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11", "botocore.credentials", "aiobotocore", "uvicorn.error"])
def test_libraries_do_not_log_urls_and_credentials(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    stream = stderr(monkeypatch)
    logs.set_up(level="debug")
    logging.getLogger(name).info("GET https://s3.example/key?X-Amz-Signature=canary")
    assert stream.getvalue() == ""


def test_the_level_applies_to_all_loggers(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stderr(monkeypatch)
    logs.set_up(level="error")
    logging.getLogger("domain").warning("x")
    logging.getLogger("httpx").warning("x")
    assert stream.getvalue() == ""
