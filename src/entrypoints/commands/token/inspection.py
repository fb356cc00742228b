"""`darkroom token --inspect`: explains why a service with these settings accepts or refuses a token."""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping

import jwt

from darkroom.entrypoints.commands.token import given_token
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.keys import missing_secret, open_keys
from darkroom.entrypoints.container.ledgers import open_kept_records
from darkroom.entrypoints.container.tokens import token_rules
from darkroom.entrypoints.failures import FAILED
from darkroom.entrypoints.http.auth.access import Access
from darkroom.entrypoints.http.auth.claims import Claims, Refused
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from darkroom.entrypoints.settings import BadSettings, Settings


def inspect(given: str, settings: Settings) -> int:
    """Print the claims of a token and each rule that it breaks; return the exit status, 1 if it is not accepted.

    Raises:
        BadSettings: there is no key to verify it with.
        KeysUnavailable: the issuer's keys cannot be fetched.
    """
    token = given_token(given)
    if new := missing_secret(settings):
        raise BadSettings(f"DARKROOM_DATA_DIR must be the service's own: there is no development secret at {new}")
    for part, said in _unverified(token):
        print(f"{part:10} {said}")
    try:
        payload = asyncio.run(_payload(token, settings))
        print(f"{'signature':10} holds")
        claims = Claims.read(payload)
    except Refused as refused:
        return _told_of_refusal([str(refused)])
    rules = token_rules(settings)
    revoked, not_looked_at = asyncio.run(_revoked(settings))
    flaws = list(rules.flaws(claims, payload, now=now(), revoked=revoked))
    if not_looked_at:
        print(f"{'revoked?':10} not known: {not_looked_at}")
    if flaws:
        return _told_of_refusal([flaw.reason for flaw in flaws])
    print(f"{'accepted':10} {', '.join(_allowed(Access(claims.caller, rules.scopes(payload))))}")
    return 0


def _told_of_refusal(reasons: Collection[str]) -> int:
    for reason in reasons:
        print(f"{'refused':10} {reason}")
    return FAILED


def _unverified(token: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of a token's header and claims, without verifying them."""
    for part, encoded in zip(("header", "claims"), token.split("."), strict=False):
        try:
            document = json.loads(jwt.utils.base64url_decode(encoded))
        except (ValueError, RecursionError):
            yield part, "cannot be read"
        else:
            yield part, json.dumps(document)  # in ASCII, so that nothing in it can affect the terminal


async def _payload(token: str, settings: Settings) -> Mapping[str, object]:
    async with open_keys(settings) as keys:
        return await JwtTokenVerifier(keys, token_rules(settings), clock=now).payload(token)


async def _revoked(settings: Settings) -> tuple[Collection[str], str]:
    try:
        async with open_kept_records(settings) as records:
            return await records.revoked.listed(), ""
    except BadSettings as no_ledger:
        return (), str(no_ledger)


def _allowed(access: Access) -> Iterator[str]:
    caller = access.caller
    yield f"as {caller.subject!r}"
    yield f"with the scopes {' '.join(sorted(access.scopes)) or 'of nothing'}"
    if caller.images_per_day is not None:
        yield f"{caller.images_per_day} images in 24 hours"
    if caller.spend_per_day is not None:
        yield f"{caller.spend_per_day} in 24 hours"
    if caller.models is not None:
        yield f"models {', '.join(sorted(caller.models)) or 'none'}"
