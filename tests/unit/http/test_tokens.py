"""The times of tokens, and keys that suit no algorithm."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from darkroom.domain.model.limits import Caller
from darkroom.entrypoints.http.auth.access import READ, WRITE, Access
from darkroom.entrypoints.http.auth.keys import KeySource, OneKey, VerificationKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier, TokenRules
from darkroom.entrypoints.http.errors import Unauthorized

SECRET = "s" * 32
NOON = int(datetime(2026, 3, 14, 12, tzinfo=UTC).timestamp())


ADA = Access(Caller("ada"))
RULES = TokenRules(issuer="issuer", audience="audience")


async def verified(
    at: float,
    rules: TokenRules = RULES,
    revoked: Container[str] = (),
    **changes: Any,  # noqa: ANN401  # claims of any type
) -> Access:
    """Verify at a time a token that was issued at noon for ten minutes."""
    keeper = JwtTokenVerifier(
        OneKey(SECRET, "HS256"), rules, clock=lambda: datetime.fromtimestamp(at, UTC), revoked=revoked
    )
    claims: dict[str, Any] = {"iss": "issuer", "aud": "audience", "sub": "ada", "iat": NOON, "exp": NOON + 600}
    return await keeper.verify(jwt.encode(claims | changes, SECRET))


@pytest.mark.parametrize("at", [NOON - 10, NOON, NOON + 600, NOON + 609.9])
async def test_a_token_is_good_in_its_time_and_for_ten_seconds_around_it(at: float) -> None:
    assert await verified(at) == ADA


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
async def test_and_at_no_other_time_and_for_nobody_else(at: float, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthorized, match=reason):
        await verified(at, **changes)


@pytest.mark.parametrize("leeway", [0, 30])
async def test_how_far_clocks_may_be_apart_is_set(leeway: int) -> None:
    rules = replace(RULES, leeway=leeway)
    for at in (NOON + 599.9 + leeway, NOON - leeway):
        assert await verified(at, rules) == ADA
    for at in (NOON + 600 + leeway, NOON - leeway - 1):
        with pytest.raises(Unauthorized):
            await verified(at, rules)


async def test_how_long_tokens_may_live_is_set() -> None:
    assert await verified(NOON, replace(RULES, max_lifetime=600)) == ADA
    with pytest.raises(Unauthorized, match="lives longer than tokens may here"):
        await verified(NOON, replace(RULES, max_lifetime=599))


async def test_a_revoked_token_is_refused_and_no_other() -> None:
    with pytest.raises(Unauthorized, match="was revoked"):
        await verified(NOON, revoked={"one"}, jti="one")
    assert await verified(NOON, revoked={"one"}, jti="two") == ADA
    assert await verified(NOON, revoked={"one"}) == ADA


@pytest.mark.parametrize(
    ("claim", "value", "scopes"),
    [
        ("scope", "images:read images:write", {READ, WRITE}),
        ("scope", "openid images:read", {"openid", READ}),
        ("scp", ["images:write"], {WRITE}),
        ("roles", [], set()),
        ("permissions", None, set()),
        ("scp", "images:read", {READ}),
    ],
)
async def test_scopes_are_read_from_the_claim_that_is_set(claim: str, value: object, scopes: set[str]) -> None:
    claims: dict[str, Any] = {claim: value}
    access = await verified(NOON, replace(RULES, scope_claim=claim), **claims)
    assert access == Access(Caller("ada"), frozenset(scopes))
    assert (await verified(NOON, **claims)).scopes is None


@pytest.mark.parametrize("value", [0, True, {"images:write": True}, [["images:write"]], [1]])
async def test_scopes_that_cannot_be_read_are_no_scopes(value: object) -> None:
    with pytest.raises(Unauthorized):
        await verified(NOON, replace(RULES, scope_claim="scope"), scope=value)


async def test_the_token_says_who_calls_and_how_much_they_may_order() -> None:
    assert await verified(NOON, sub="grace", images_per_day=12) == Access(Caller("grace", images_per_day=12))


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


class ChangingKeys(KeySource):
    """Gives whichever key it holds now."""

    def __init__(self, secret: str) -> None:
        self.now = VerificationKey.of("HS256", secret.encode())

    async def key(self, kid: str | None, algorithm: str) -> VerificationKey:
        return self.now


async def test_a_token_that_was_good_is_held_to_time_revocation_and_keys_again() -> None:
    now, revoked, keys = datetime.fromtimestamp(NOON, UTC), set[str](), ChangingKeys(SECRET)
    keeper = JwtTokenVerifier(keys, RULES, clock=lambda: now, revoked=revoked)
    claims = {"iss": "issuer", "aud": "audience", "sub": "ada", "iat": NOON, "exp": NOON + 600, "jti": "one"}
    token = jwt.encode(claims, SECRET)
    for _ in range(2):
        assert await keeper.verify(token) == ADA

    now = datetime.fromtimestamp(NOON + 611, UTC)
    with pytest.raises(Unauthorized, match="expired"):
        await keeper.verify(token)

    now = datetime.fromtimestamp(NOON, UTC)
    revoked.add("one")
    with pytest.raises(Unauthorized, match="revoked"):
        await keeper.verify(token)

    revoked.clear()
    keys.now = VerificationKey.of("HS256", b"another secret of thirty-two bytes")
    with pytest.raises(Unauthorized, match="signature"):
        await keeper.verify(token)


async def test_it_is_for_many_callers_and_remembers_a_bounded_number() -> None:
    keeper = JwtTokenVerifier(OneKey(SECRET, "HS256"), RULES, clock=lambda: datetime.fromtimestamp(NOON, UTC))
    claims = {"iss": "issuer", "aud": "audience", "iat": NOON, "exp": NOON + 600}
    names = [f"caller {number}" for number in range(JwtTokenVerifier.MOST_REMEMBERED + 10)]
    tokens = [jwt.encode({**claims, "sub": name}, SECRET) for name in names]
    for _ in range(2):
        assert [(await keeper.verify(token)).caller.subject for token in tokens] == names
