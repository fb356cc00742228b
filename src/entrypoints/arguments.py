"""Parsers for command-line arguments, from rules of settings and values."""

import argparse
from collections.abc import Callable
from typing import TypeVar

from darkroom.domain.model.errors import InvalidValue
from darkroom.entrypoints.settings.setting import InvalidSetting

T = TypeVar("T")


def held_to(rule: Callable[[str], T]) -> Callable[[str], T]:
    """Return a parser that raises argparse's own error for a broken rule: it prints the message of no other."""

    def read(text: str) -> T:
        try:
            return rule(text)
        except (InvalidSetting, InvalidValue) as broken:
            raise argparse.ArgumentTypeError(str(broken)) from broken

    return read
