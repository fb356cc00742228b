"""What access tokens are verified by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.revoked_tokens import RevokedTokens
from entrypoints.container.clock import now
from entrypoints.container.keys import open_keys
from entrypoints.container.upkeep import kept_up
from entrypoints.container.watching import Watching
from entrypoints.http.deny_list import DenyList
from entrypoints.http.tokens import JwtTokenVerifier, TokenRules, TokenVerifier
from entrypoints.settings import Settings


@asynccontextmanager
async def open_token_verifier(
    settings: Settings, revoked: RevokedTokens, watching: Watching
) -> AsyncIterator[TokenVerifier]:
    """What the HTTP entry point asks who calls; keys and revocations are kept fresh as long as the block lasts.

    Raises:
        BadSettings: the key does not suit the algorithm.
        KeysUnavailable: no key came from the issuer, and why.
        LedgerUnavailable: nobody can tell which tokens are revoked.
    """
    tokens = settings.tokens
    rules = TokenRules(
        issuer=tokens.issuer,
        audience=tokens.audience,
        leeway=tokens.leeway,
        max_lifetime=tokens.max_lifetime,
        scope_claim=tokens.scope_claim,
    )
    denied = DenyList(revoked)
    await denied.read()
    async with open_keys(settings, watching) as keys, kept_up(denied.read, denied.EVERY):
        yield JwtTokenVerifier(keys, rules, clock=now, revoked=denied)
