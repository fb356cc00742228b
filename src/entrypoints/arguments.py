"""Arguments of the command line that are held to the rules of others."""

import argparse
from collections.abc import Callable
from typing import TypeVar

from darkroom.domain.model.errors import InvalidValue
from darkroom.entrypoints.settings.setting import InvalidSetting

T = TypeVar("T")


def held_to(rule: Callable[[str], T]) -> Callable[[str], T]:
    """A reader of an argument by the rule; argparse prints the message of no error but its own."""

    def read(text: str) -> T:
        try:
            return rule(text)
        except (InvalidSetting, InvalidValue) as broken:
            raise argparse.ArgumentTypeError(str(broken)) from broken

    return read
