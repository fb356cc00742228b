"""`darkroom token`."""

import argparse
import re
from datetime import timedelta
from typing import Final

from darkroom.entrypoints.access_tokens import access_token
from darkroom.entrypoints.settings import Settings

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST: Final = timedelta(days=3650)


def declare(parser: argparse.ArgumentParser) -> None:
    """Whom the token stands for, and for how long."""
    parser.add_argument(
        "--subject", type=_subject, default="me", help="the caller that it stands for (default: %(default)s)"
    )
    parser.add_argument("--ttl", type=_duration, default="1h", help="how long it lives: 90s, 15m, 1h, 7d (default: 1h)")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print a token and nothing else."""
    print(access_token(settings, subject=arguments.subject, ttl=arguments.ttl))
    return 0


def _subject(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must not be empty: it names a caller")
    return text


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < duration <= _LONGEST:
        raise argparse.ArgumentTypeError("must be a length of time such as 90s, 15m, 1h or 7d")
    return duration
