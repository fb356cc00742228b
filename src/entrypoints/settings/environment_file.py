"""Reads a `.env` file: `KEY=VALUE` lines, comments and quotes. Variables are not expanded."""

import re
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from darkroom.entrypoints.settings.setting import BadSettings

_LINE = re.compile(
    r"""\s* (?:export\s+)? (?P<name>[A-Za-z_][A-Za-z0-9_]*) \s*=\s*
        (?: "(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<bare>(?!(?<=\s)\#)[^"'].*?)? ) \s* (?:(?<=\s)\#.*)? """,
    re.VERBOSE,
)


def fill_in_from(path: Path, environment: MutableMapping[str, str]) -> None:
    """Set the file's variables that the environment does not have; a missing file sets none.

    Raises:
        BadSettings: the file or a line of it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as fault:
        raise BadSettings(f"{path} cannot be read: {fault}") from fault
    for name, value in _pairs(path, text):
        environment.setdefault(name, value)


def _pairs(path: Path, text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            # The line itself may hold a secret.
            raise BadSettings(f"{path}, line {number}: must read NAME=value")
        yield match["name"], match["double"] or match["single"] or match["bare"] or ""
