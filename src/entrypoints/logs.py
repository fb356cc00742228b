"""The log: readable lines on a terminal, else one JSON object for each line, on standard error."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

# The attributes of every record; others were passed as `extra`.
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_COLOURS: Final = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m"}
_PLAIN: Final = "\x1b[0m"
_to_json: Final = json.JSONEncoder(default=str, ensure_ascii=False).encode
_carried: Final[ContextVar[Mapping[str, str]]] = ContextVar("carried", default={})  # noqa: B039  # it is not changed
# Below WARNING these log every URL, though signed links are secrets; or the source of credentials; or noise.
TALKATIVE: Final = ("aiobotocore", "asyncio", "botocore", "httpcore", "httpx", "uvicorn")


def set_up(*, level: str, style: str | None = None) -> None:
    """Log lines of `level` and above to standard error.

    `style` is `console` or `json`; None means `console` on a terminal, else `json`.
    """
    terminal = sys.stderr.isatty()
    handler = logging.StreamHandler(sys.stderr)
    if (style or ("console" if terminal else "json")) == "console":
        handler.setFormatter(ConsoleFormatter(colours=terminal))
    else:
        handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    # Do not collect what our lines do not contain ("Optimization", in Python's logging HOWTO).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


@contextmanager
def carrying(**fields: str | None) -> Iterator[None]:
    """Add fields to each line that is logged in the block, or by tasks that are created in it; None is left out."""
    token = _carried.set({**_carried.get(), **{name: text for name, text in fields.items() if text is not None}})
    try:
        yield
    finally:
        _carried.reset(token)


class JsonFormatter(logging.Formatter):
    """Formats records as JSON: `time` (RFC 3339), `level`, `logger`, `message`, extra fields, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _to_json(line)


class ConsoleFormatter(logging.Formatter):
    """Formats records for people: time of day, level, message, extra fields as `name=value`; then the traceback."""

    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        level = record.levelname
        if self._colours and level in _COLOURS:
            level = f"{_COLOURS[level]}{level}{_PLAIN}"
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items() if value is not None)
        line = f"{time} {level} {_in_one_line(record.getMessage())}{_in_one_line(extra)}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {**_carried.get(), **{name: value for name, value in vars(record).items() if name not in _STANDARD}}


def _in_one_line(text: str) -> str:
    """Escape control characters, so that input can neither forge a line nor affect the terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
