"""`darkroom revoke`."""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta

import jwt

from darkroom.entrypoints.access_tokens import signed_with
from darkroom.entrypoints.commands.printing import moment
from darkroom.entrypoints.commands.token import LONGEST, given_token
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.ledgers import open_kept_records
from darkroom.entrypoints.failures import FAILED, tell
from darkroom.entrypoints.http.auth.deny_list import DenyList
from darkroom.entrypoints.settings import Settings


class _NotRevocable(Exception):
    """The token cannot be revoked; the message says why."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the token, its `jti` or its name."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("token", nargs="?", metavar="TOKEN", help="the token; - reads it from standard input")
    which.add_argument("--jti", help="the token's jti, if you do not have the token")
    which.add_argument("--name", help="the name that it was made under, as `darkroom tokens` lists it")
    parser.epilog = f"All processes that share the ledger refuse it within {DenyList.EVERY:.0f} seconds."


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Revoke a token until it expires; return the exit status."""
    try:
        if arguments.name is not None:
            jti, until = asyncio.run(_named(settings, arguments.name))
        elif arguments.jti is not None:
            jti, until = arguments.jti, now() + settings.tokens.allowed(LONGEST)
        else:
            jti, until = _read(given_token(arguments.token), settings.tokens.leeway)
        asyncio.run(_revoke(settings, jti, until))
    except _NotRevocable as reason:
        tell(f"the token cannot be revoked: {reason}", signed_with(settings))
        return FAILED
    tell(signed_with(settings))
    print(f"revoked {jti} until {moment(until)}")
    return 0


def _read(token: str, leeway: int) -> tuple[str, datetime]:
    """Return the `jti` of a token, and the time after which it has expired; its signature is not verified.

    Raises:
        _NotRevocable: it cannot be read, or has no `jti` or no `exp`.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
        until = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=leeway)
    except (jwt.InvalidTokenError, LookupError, TypeError, ValueError, OverflowError) as flaw:
        raise _NotRevocable("it cannot be read, or has no time at which it expires") from flaw
    if not isinstance(claims.get("jti"), str):
        raise _NotRevocable("it has no jti; it is valid until it expires or until the key that signed it is replaced")
    return claims["jti"], until


async def _named(settings: Settings, name: str) -> tuple[str, datetime]:
    """Return the `jti` of the token that was made under a name, and the time after which it has expired.

    Raises:
        _NotRevocable: no token of that name is recorded.
    """
    async with open_kept_records(settings) as records:
        for token in await records.issued.listed():
            if token.name == name:
                return token.jti, token.expires_at + timedelta(seconds=settings.tokens.leeway)
    raise _NotRevocable(f"no token that was made here and has not expired is called {name!r}")


async def _revoke(settings: Settings, jti: str, until: datetime) -> None:
    if not jti or not jti.isprintable():
        raise _NotRevocable("its jti is empty, or contains characters that cannot be printed")
    async with open_kept_records(settings) as records:
        if len(await records.revoked.listed()) >= DenyList.MOST:
            raise _NotRevocable(f"{DenyList.MOST} are revoked already: replace the key that signs them")
        await records.revoked.revoke(jti, until)
        # After the revocation: until then it must be possible to find the token by its name.
        await records.issued.forget(jti)
