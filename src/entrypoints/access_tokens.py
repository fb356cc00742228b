"""Makes access tokens, for trying things out and for operators without an identity provider."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Caller
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.keys import missing_secret, signing_secret
from darkroom.entrypoints.http.auth.access import CALLERS, SCOPE_CLAIM
from darkroom.entrypoints.settings import BadSettings, Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToken:
    """A new token, and claims of it. The text is a secret."""

    text: str
    jti: str
    scopes: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime


def access_token(settings: Settings, *, subject: str, ttl: timedelta) -> str:
    """Return a token for a caller without limits of its own.

    Raises:
        BadSettings: as for `make_token`.
    """
    return make_token(settings, Caller(subject), ttl=ttl).text


def make_token(settings: Settings, caller: Caller, *, ttl: timedelta, scopes: Sequence[str] | None = None) -> MadeToken:
    """Return a token for a caller, with its limits, that is valid for `ttl` from now.

    If `scopes` is None, it names the scopes for reading and ordering if tokens must name their scopes, else none.

    Raises:
        BadSettings: tokens cannot be made here, or not with this lifetime or for this caller.
    """
    tokens, issued_at = settings.tokens, now().replace(microsecond=0)
    if tokens.max_lifetime is not None and ttl.total_seconds() > tokens.max_lifetime:
        raise BadSettings(f"DARKROOM_JWT_MAX_LIFETIME must be at least {ttl.total_seconds():.0f} for such a token")
    if tokens.subjects and caller.subject not in tokens.subjects:
        raise BadSettings(f"DARKROOM_JWT_SUBJECTS must name {caller.subject!r} for such a token")
    if scopes is None:
        scopes = sorted(CALLERS) if tokens.scope_claims else ()
    jti, expires_at = uuid7(), issued_at + ttl
    claims: dict[str, Any] = {
        "iss": tokens.issuer,
        "aud": tokens.audience,
        "sub": caller.subject,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": jti,
        **_limits_of(caller),
    }
    if scopes:
        claims[_scope_claim(settings)] = " ".join(tokens.scope_prefix + scope for scope in scopes)
    new = missing_secret(settings)
    text = jwt.encode(claims, signing_secret(settings), algorithm=tokens.algorithm)
    if new:
        log.warning("%s is a new development secret: a service with another data folder refuses its tokens", new)
    return MadeToken(text=text, jti=jti, scopes=tuple(scopes), issued_at=issued_at, expires_at=expires_at)


def signed_with(settings: Settings) -> str:
    """Return a sentence that says with what tokens are signed, and names the data folder, to tell folders apart."""
    folder = settings.service.data_dir.absolute()
    if settings.tokens.development:
        return f"tokens are signed with the development secret of the data folder {folder}"
    signer = "DARKROOM_JWT_SECRET" if settings.tokens.symmetric else "keys that this machine does not have"
    return f"tokens are signed with {signer}; the data folder is {folder}"


def _scope_claim(settings: Settings) -> str:
    return settings.tokens.scope_claims[0] if settings.tokens.scope_claims else SCOPE_CLAIM


def _limits_of(caller: Caller) -> dict[str, object]:
    limits: dict[str, object] = {}
    if caller.images_per_day is not None:
        limits["images_per_day"] = caller.images_per_day
    if caller.spend_per_day is not None:
        limits["spend_per_day"] = str(caller.spend_per_day)
    if caller.models is not None:
        limits["models"] = sorted(caller.models)
    return limits
