"""`darkroom token`."""

import argparse
import asyncio
import re
import sys
from datetime import timedelta
from typing import Final

from darkroom.domain.model.issued_token import IssuedToken, TokenName
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ModelVersion
from darkroom.entrypoints.access_tokens import MadeToken, make_token, signed_with
from darkroom.entrypoints.arguments import held_to
from darkroom.entrypoints.container.ledgers import open_records
from darkroom.entrypoints.failures import FAILED, tell
from darkroom.entrypoints.http.auth.access import CALLERS, SCOPES
from darkroom.entrypoints.settings import Settings

LONGEST: Final = timedelta(days=3650)
"""The longest lifetime of a token."""

_STDIN: Final = "-"
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MOST_IMAGES: Final = 2**31 - 1


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the caller, limits, scopes and lifetime of a new token; or a token to explain."""
    parser.add_argument("--subject", type=_subject, help="the caller that it is for (default: me)")
    parser.add_argument("--ttl", type=_duration, default="1h", help="how long it lives: 90s, 15m, 1h, 7d (default: 1h)")
    parser.add_argument(
        "--name", type=held_to(TokenName), help="record it in the ledger under this name, as `darkroom tokens` shows"
    )
    parser.add_argument(
        "--images-per-day", type=_images, metavar="N", help="images that the caller may order in 24 hours"
    )
    parser.add_argument(
        "--spend-per-day",
        type=held_to(Money.parse),
        metavar="MONEY",
        help="money that the caller may spend in 24 hours: '0.02 USD'",
    )
    parser.add_argument(
        "--model",
        type=held_to(ModelVersion),
        action="append",
        metavar="NAME",
        help="a model that the caller may order; may be repeated",
    )
    parser.add_argument("--scope", type=_scopes, help=f"what it allows, with blanks between: '{' '.join(SCOPES)}'")
    parser.add_argument(
        "--inspect", metavar="TOKEN", help="explain why a token is accepted here or not; - reads it from standard input"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make a token and print it to standard output alone, or explain a token; return the exit status."""
    if arguments.inspect is not None:
        from darkroom.entrypoints.commands.token.inspection import inspect  # noqa: PLC0415  # not to make a token

        return inspect(arguments.inspect, settings)
    caller = Caller(
        arguments.subject or settings.tokens.own_subject,
        images_per_day=arguments.images_per_day,
        spend_per_day=arguments.spend_per_day,
        models=None if arguments.model is None else frozenset(model.value for model in arguments.model),
    )
    made = make_token(settings, caller, ttl=arguments.ttl, scopes=arguments.scope)
    name: TokenName | None = arguments.name
    if name is not None and not asyncio.run(_recorded(settings, name.value, caller, made)):
        tell(f"{name.value!r} names another token that has not expired: darkroom revoke --name frees the name")
        return FAILED
    if arguments.scope is not None and not settings.tokens.scope_claims and CALLERS - {*arguments.scope}:
        tell("every token may read and order here: with DARKROOM_JWT_SCOPE_CLAIM=scope the service requires scopes")
    tell(signed_with(settings))
    print(made.text)
    return 0


def given_token(text: str) -> str:
    """Return the token in an argument, or on standard input for `-`; a leading `Bearer ` is removed."""
    return (sys.stdin.read() if text == _STDIN else text).strip().removeprefix("Bearer ")


async def _recorded(settings: Settings, name: str, caller: Caller, made: MadeToken) -> bool:
    token = IssuedToken(
        name=name,
        jti=made.jti,
        caller=caller,
        scopes=made.scopes,
        issued_at=made.issued_at,
        expires_at=made.expires_at,
    )
    async with open_records(settings) as records:
        return await records.issued.record(token)


def _subject(text: str) -> str:
    if not text or len(text) > 255 or not text.isprintable():  # noqa: PLR2004  # as the service reads `sub`
        raise argparse.ArgumentTypeError("must be 1 to 255 printable characters: it names a caller")
    return text


def _images(text: str) -> int:
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) > _MOST_IMAGES:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {_MOST_IMAGES}")
    return int(text)


def _scopes(text: str) -> tuple[str, ...]:
    scopes = tuple(dict.fromkeys(text.split()))
    if not scopes or not {*scopes} <= {*SCOPES}:
        raise argparse.ArgumentTypeError(f"must be one or more of {', '.join(SCOPES)}, with blanks between them")
    return scopes


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < duration <= LONGEST:
        raise argparse.ArgumentTypeError("must be a length of time such as 90s, 15m, 1h or 7d")
    return duration
