"""The times of tokens, and keys that suit no algorithm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from domain.limits import Caller
from entrypoints.http.errors import Unauthorized
from entrypoints.http.tokens import JwtTokenVerifier, OneKey

SECRET = "s" * 32
NOON = int(datetime(2026, 3, 14, 12, tzinfo=UTC).timestamp())


async def verified(at: float, **changes: object) -> Caller:
    """Verify at a time a token that was issued at noon for ten minutes."""
    keeper = JwtTokenVerifier(
        OneKey(SECRET, "HS256"),
        algorithm="HS256",
        issuer="issuer",
        audience="audience",
        clock=lambda: datetime.fromtimestamp(at, UTC),
    )
    claims: dict[str, Any] = {"iss": "issuer", "aud": "audience", "sub": "ada", "iat": NOON, "exp": NOON + 600}
    return await keeper.verify(jwt.encode(claims | changes, SECRET))


@pytest.mark.parametrize("at", [NOON - 10, NOON, NOON + 600, NOON + 609.9])
async def test_a_token_is_good_in_its_time_and_for_ten_seconds_around_it(at: float) -> None:
    assert await verified(at) == Caller("ada")


@pytest.mark.parametrize(
    ("at", "changes", "reason"),
    [
        (NOON - 11, {}, "not valid yet"),
        (NOON + 610, {}, "has expired"),
        (NOON + 100, {"nbf": NOON + 120}, "not valid yet"),
        (NOON, {"iss": "other"}, "issuer"),
        (NOON, {"aud": "other"}, "audience"),
    ],
)
async def test_and_at_no_other_time_and_for_nobody_else(at: float, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Unauthorized, match=reason):
        await verified(at, **changes)


async def test_the_token_says_who_calls_and_how_much_they_may_order() -> None:
    assert await verified(NOON, sub="grace", images_per_day=12) == Caller("grace", images_per_day=12)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, private: bool = False) -> bytes:
    if private:
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


RSA = rsa.generate_private_key(65_537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (b"", "HS256"),
        (b"short", "HS256"),
        (b"s" * 47, "HS384"),
        (b"s" * 63, "HS512"),
        (pem(RSA), "HS256"),
        (pem(RSA), "ES256"),
        (pem(RSA), "EdDSA"),
        (pem(CURVE), "RS256"),
        (pem(CURVE), "ES384"),
        (pem(RSA, private=True), "RS256"),
        (pem(CURVE, private=True), "ES256"),
        (pem(rsa.generate_private_key(65_537, 1024)), "RS256"),  # noqa: S505  # it is to be refused
        (b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", "RS256"),
        (b"\xff" * 64, "RS256"),
    ],
)
def test_a_key_that_does_not_suit_its_algorithm_is_refused(key: bytes, algorithm: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        OneKey(key, algorithm)
