"""Verifies access tokens as the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from darkroom.domain.ports import RevokedTokens
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.keys import open_keys
from darkroom.entrypoints.container.upkeep import kept_up
from darkroom.entrypoints.container.watching import Watching
from darkroom.entrypoints.http.auth.claims import TokenRules
from darkroom.entrypoints.http.auth.deny_list import DenyList
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier, TokenVerifier
from darkroom.entrypoints.settings import Settings


def token_rules(settings: Settings) -> TokenRules:
    """Return the rules for tokens."""
    tokens = settings.tokens
    return TokenRules(
        issuer=tokens.issuer,
        audience=tokens.audience,
        audience_claims=tokens.audience_claims,
        subjects=frozenset(tokens.subjects),
        leeway=tokens.leeway,
        max_lifetime=tokens.max_lifetime,
        max_length=tokens.max_length,
        scope_claims=tokens.scope_claims,
        scope_prefix=tokens.scope_prefix,
    )


@asynccontextmanager
async def open_token_verifier(
    settings: Settings, revoked: RevokedTokens, watching: Watching
) -> AsyncIterator[TokenVerifier]:
    """Yield the verifier of access tokens; keys and revocations are refreshed within the block.

    Raises:
        BadSettings: the key does not suit the algorithm.
        KeysUnavailable: no keys could be fetched from the issuer; it gives the reason.
        LedgerUnavailable: the list of revoked tokens cannot be read.
    """
    denied = DenyList(revoked)
    await denied.read()
    async with open_keys(settings, watching) as keys, kept_up(denied.read, denied.EVERY, pause_first=True):
        yield JwtTokenVerifier(keys, token_rules(settings), clock=now, revoked=denied)
