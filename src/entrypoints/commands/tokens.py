"""`darkroom tokens`."""

import argparse
import asyncio
import json
from collections.abc import Collection, Sequence
from datetime import datetime

from darkroom.domain.model.issued_token import IssuedToken
from darkroom.entrypoints.access_tokens import signed_with
from darkroom.entrypoints.container.ledgers import open_kept_records
from darkroom.entrypoints.failures import tell
from darkroom.entrypoints.settings import Settings

_COLUMNS = "{:20}  {:20}  {:20}  {:>10}  {:>12}  {:20}  {}"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the format of the output."""
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.epilog = (
        "They are those that were made with a --name and have not expired. The tokens themselves are not kept."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List the tokens that were made here under a name; return the exit status."""
    tokens, revoked = asyncio.run(_tokens(settings))
    tell(signed_with(settings))
    if arguments.json:
        print(json.dumps([_as_json(token, revoked) for token in tokens], indent=2))
        return 0
    print(_COLUMNS.format("name", "caller", "until", "images/day", "spend/day", "models", "scopes"))
    for token in tokens:
        until = "revoked" if token.jti in revoked else f"{token.expires_at:%Y-%m-%d %H:%M} UTC"
        images, spend, models = token.caller.images_per_day, token.caller.spend_per_day, token.caller.models
        limits = ("" if images is None else images, "" if spend is None else str(spend))
        shown = "all" if models is None else ",".join(sorted(models)) or "none"
        print(_COLUMNS.format(token.name, token.caller.subject, until, *limits, shown, " ".join(token.scopes)))
    return 0


async def _tokens(settings: Settings) -> tuple[Sequence[IssuedToken], Collection[str]]:
    async with open_kept_records(settings) as records:
        return await records.issued.listed(), await records.revoked.listed()


def _as_json(token: IssuedToken, revoked: Collection[str]) -> dict[str, object]:
    caller = token.caller
    return {
        "name": token.name,
        "jti": token.jti,
        "subject": caller.subject,
        "issued_at": _moment(token.issued_at),
        "expires_at": _moment(token.expires_at),
        "revoked": token.jti in revoked,
        "images_per_day": caller.images_per_day,
        "spend_per_day": None if caller.spend_per_day is None else str(caller.spend_per_day),
        "models": None if caller.models is None else sorted(caller.models),
        "scopes": list(token.scopes),
    }


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
