"""Access tokens of our own making, for trying things out and for whoever has no identity provider."""

from datetime import timedelta

import jwt

from entrypoints.container.clock import now
from entrypoints.container.tokens import signing_secret
from entrypoints.settings import Settings


def access_token(settings: Settings, *, subject: str, ttl: timedelta) -> str:
    """A token for a caller, valid from now on for so long.

    Raises:
        BadSettings: tokens cannot be made here.
    """
    tokens, issued_at = settings.tokens, now()
    claims = {
        "iss": tokens.issuer,
        "aud": tokens.audience,
        "sub": subject,
        "iat": int(issued_at.timestamp()),
        "exp": int((issued_at + ttl).timestamp()),
    }
    return jwt.encode(claims, signing_secret(settings), algorithm=tokens.algorithm)
