"""Access tokens of our own making, for trying things out and for whoever has no identity provider."""

import logging
from datetime import timedelta

import jwt

from darkroom.domain.model.identifiers import uuid7
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.keys import missing_secret, signing_secret
from darkroom.entrypoints.http.auth.access import CALLERS
from darkroom.entrypoints.settings import BadSettings, Settings

log = logging.getLogger(__name__)


def access_token(settings: Settings, *, subject: str, ttl: timedelta) -> str:
    """A token for a caller, valid from now on for so long.

    Raises:
        BadSettings: tokens cannot be made here, or none that lives so long.
    """
    tokens, issued_at = settings.tokens, now()
    claims = {
        "iss": tokens.issuer,
        "aud": tokens.audience,
        "sub": subject,
        "iat": int(issued_at.timestamp()),
        "exp": int((issued_at + ttl).timestamp()),
        "jti": uuid7(),
    }
    if tokens.max_lifetime is not None and ttl.total_seconds() > tokens.max_lifetime:
        raise BadSettings(f"DARKROOM_JWT_MAX_LIFETIME must be at least {ttl.total_seconds():.0f} for such a token")
    if tokens.scope_claims:
        claims[tokens.scope_claims[0]] = " ".join(tokens.scope_prefix + scope for scope in sorted(CALLERS))
    new = missing_secret(settings)
    token = jwt.encode(claims, signing_secret(settings), algorithm=tokens.algorithm)
    if new:
        log.warning("%s is a new development secret: a service with another data folder refuses its tokens", new)
    return token
