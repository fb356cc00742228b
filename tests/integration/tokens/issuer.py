"""An issuer that signs tokens with keys that it publishes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from darkroom.entrypoints.container.keys import open_published_keys
from darkroom.entrypoints.http.auth.published_keys import PublishedKeys
from darkroom.entrypoints.settings import Settings
from integration.http.house import claims
from simulators.key_server import Jwk, KeyServer

KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]


def jwk(key: ec.EllipticCurvePrivateKey, kid: str) -> Jwk:
    public: Jwk = jwt.get_algorithm_by_name("ES256").to_jwk(key.public_key(), as_dict=True)
    return public | {"kid": kid, "use": "sig", "alg": "ES256"}


def token(key: ec.EllipticCurvePrivateKey, kid: str | None, **changes: object) -> str:
    headers: dict[str, Any] = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**changes), key, "ES256", headers=headers)


class Clock:
    """A clock in seconds that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def published(server: KeyServer, clock: Clock, **settings: str) -> AsyncIterator[PublishedKeys]:
    """The keys of a server, fetched as the operator's settings say; only the test refreshes them."""
    read = Settings.read({"DARKROOM_JWT_JWKS_URL": server.jwks_url} | settings)
    async with open_published_keys(read, clock) as keys:
        yield keys
