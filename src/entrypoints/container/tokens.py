"""What tokens are signed with, and what they are verified by."""

from entrypoints.container.clock import now
from entrypoints.container.data_folder import own_secret
from entrypoints.http.tokens import JwtTokenVerifier, OneKey, TokenVerifier
from entrypoints.settings import BadSettings, Settings


def signing_secret(settings: Settings) -> bytes:
    """The secret that signs tokens: the one that is set, else the one that this machine makes for itself.

    Raises:
        BadSettings: only their issuer can sign tokens here, or the secret can be neither read nor made.
    """
    tokens = settings.tokens
    if not tokens.symmetric:
        raise BadSettings(
            f"DARKROOM_JWT_ALGORITHM must be HS256, HS384 or HS512 to make tokens here: "
            f"those by {tokens.algorithm} are made by whoever has the private key"
        )
    return tokens.secret.value.encode() if tokens.secret else own_secret(settings, "jwt-secret")


def token_verifier(settings: Settings) -> TokenVerifier:
    """What the HTTP entry point asks who calls.

    Raises:
        BadSettings: the key does not suit the algorithm.
    """
    tokens = settings.tokens
    try:
        key = OneKey(tokens.public_key or signing_secret(settings), tokens.algorithm)
    except ValueError as reason:
        name = "DARKROOM_JWT_SECRET" if tokens.symmetric else "DARKROOM_JWT_PUBLIC_KEY"
        raise BadSettings(f"{name} cannot be used: {reason}") from reason
    return JwtTokenVerifier(key, algorithm=tokens.algorithm, issuer=tokens.issuer, audience=tokens.audience, clock=now)
