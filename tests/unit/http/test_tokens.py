"""Which access tokens are accepted, what they allow, and which keys can verify them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Container
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from darkroom.domain.model.limits import Caller
from darkroom.domain.model.money import Money
from darkroom.entrypoints.http.auth.access import CALLERS, READ, USAGE, WRITE, Access
from darkroom.entrypoints.http.auth.claims import TokenRules
from darkroom.entrypoints.http.auth.keys import KeySource, OneKey, VerificationKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
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
    """Verify, at the time `at`, a token that was issued at noon for ten minutes; a claim that is `...` is left out."""
    keeper = JwtTokenVerifier(
        OneKey(SECRET, "HS256"), rules, clock=lambda: datetime.fromtimestamp(at, UTC), revoked=revoked
    )
    claims: dict[str, Any] = {"iss": "issuer", "aud": "audience", "sub": "ada", "iat": NOON, "exp": NOON + 600}
    named = {claim: value for claim, value in (claims | changes).items() if value is not ...}
    return await keeper.verify(jwt.PyJWS().encode(json.dumps(named).encode(), SECRET))


@pytest.mark.parametrize("at", [NOON - 10, NOON, NOON + 600, NOON + 609.9])
async def test_a_token_is_valid_in_its_time_with_ten_seconds_of_leeway(at: float) -> None:
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
async def test_a_token_for_another_time_issuer_or_audience_is_refused(
    at: float, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unauthorized, match=reason):
        await verified(at, **changes)


@pytest.mark.parametrize("leeway", [0, 30])
async def test_the_leeway_can_be_set(leeway: int) -> None:
    rules = replace(RULES, leeway=leeway)
    for at in (NOON + 599.9 + leeway, NOON - leeway):
        assert await verified(at, rules) == ADA
    for at in (NOON + 600 + leeway, NOON - leeway - 1):
        with pytest.raises(Unauthorized):
            await verified(at, rules)


async def test_the_lifetime_of_tokens_can_be_limited() -> None:
    assert await verified(NOON, replace(RULES, max_lifetime=600)) == ADA
    with pytest.raises(Unauthorized, match="lifetime is longer than allowed here"):
        await verified(NOON, replace(RULES, max_lifetime=599))


async def test_only_a_revoked_token_is_refused() -> None:
    with pytest.raises(Unauthorized, match="was revoked"):
        await verified(NOON, revoked={"one"}, jti="one")
    assert await verified(NOON, revoked={"one"}, jti="two") == ADA
    assert await verified(NOON, revoked={"one"}) == ADA


@pytest.mark.parametrize(
    ("claims", "prefix", "scopes"),
    [
        ({"scope": "images:read images:write"}, "", {READ, WRITE}),
        ({"scope": "openid images:read"}, "", {"openid", READ}),
        ({"scp": ["images:write"]}, "", {WRITE}),
        ({"roles": []}, "", set()),
        ({"permissions": None}, "", set()),
        ({"scp": "images:read"}, "", {READ}),
        ({"https://darkroom.example/scopes": ["usage:read"]}, "", {USAGE}),
        ({"scp": "images:read", "roles": ["images:write"]}, "", {READ, WRITE}),
        ({"scp": None, "roles": ["images:write"]}, "", {WRITE}),
        ({"scope": "darkroom/images:read other/images:write images:write openid"}, "darkroom/", {READ}),
        ({"scope": "darkroom/ Darkroom/images:read"}, "darkroom/", {""}),
        ({"urn:zitadel:iam:org:project:roles": {"images:read": {"1": "a.example"}, "other": {}}}, "", {READ, "other"}),
        ({"urn:zitadel:iam:org:project:roles": {}}, "", set()),
    ],
    ids=itertools.count(),
)
async def test_scopes_are_read_from_the_claims_that_are_set(
    claims: dict[str, Any], prefix: str, scopes: set[str]
) -> None:
    rules = replace(RULES, scope_claims=tuple(claims), scope_prefix=prefix)
    assert await verified(NOON, rules, **claims) == Access(Caller("ada"), frozenset(scopes))


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (None, CALLERS),
        ("openid", CALLERS),
        ("", CALLERS),
        (7, CALLERS),
        ("images:read", CALLERS),
        ("usage:read", {*CALLERS, USAGE}),
        (["usage:read"], {*CALLERS, USAGE}),
        ("darkroom/usage:read", CALLERS),
    ],
)
async def test_without_a_scope_claim_setting_a_token_may_do_everything_but_see_the_usage_of_others(
    scope: object, allowed: set[str]
) -> None:
    assert (await verified(NOON, scope=scope)).scopes == allowed


@pytest.mark.parametrize("prefix", ["", "darkroom/"])
async def test_the_scopes_that_an_issuer_is_asked_for_allow_reading_and_ordering(prefix: str) -> None:
    rules = replace(RULES, scope_claims=("scp", "scope"), scope_prefix=prefix)
    access = await verified(NOON, rules, scp=rules.scopes_of_callers)
    assert access.scopes == CALLERS
    assert RULES.scopes_of_callers == []  # no scope claim is set


@pytest.mark.parametrize(
    "value", [0, True, {"images:write": True}, {"images:write": {}, "x": 1}, [["images:write"]], [1]]
)
async def test_a_token_with_unreadable_scopes_is_refused(value: object) -> None:
    with pytest.raises(Unauthorized):
        await verified(NOON, replace(RULES, scope_claims=("scp", "scope")), scope=value, scp="images:read")


BY_CLIENT = replace(RULES, audience_claims=("aud", "client_id"))


@pytest.mark.parametrize(
    ("rules", "audience", "good"),
    [
        (RULES, {"aud": ["x", "audience"]}, True),
        (RULES, {"aud": ..., "client_id": "audience"}, False),
        (BY_CLIENT, {"aud": ..., "client_id": "audience"}, True),
        (BY_CLIENT, {"aud": "audience", "client_id": "x"}, True),
        (BY_CLIENT, {"aud": "x", "client_id": "audience"}, False),
        (BY_CLIENT, {"aud": ["x"], "client_id": "audience"}, False),
        (BY_CLIENT, {"aud": [], "client_id": "audience"}, False),
        (BY_CLIENT, {"aud": "", "client_id": "audience"}, False),
        (BY_CLIENT, {"aud": None, "client_id": "audience"}, False),
        (BY_CLIENT, {"aud": ..., "client_id": "x"}, False),
        (BY_CLIENT, {"aud": ..., "client_id": ["audience"]}, False),
        (BY_CLIENT, {"aud": ..., "client_id": None}, False),
        (BY_CLIENT, {"aud": ..., "azp": "audience"}, False),
        (BY_CLIENT, {"aud": ..., "azp": "audience", "client_id": "x"}, False),
        (BY_CLIENT, {"aud": ...}, False),
    ],
    ids=itertools.count(),
)
async def test_the_client_id_may_stand_for_a_missing_aud(
    rules: TokenRules, audience: dict[str, Any], good: bool
) -> None:
    if good:
        assert await verified(NOON, rules, **audience) == ADA
    else:
        with pytest.raises(Unauthorized):
            await verified(NOON, rules, **audience)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "other"}, "iss must be 'issuer', and is 'other'"),
        ({"aud": ["x", "y"]}, "aud must name 'audience'; found aud ['x', 'y']"),
        ({"aud": ...}, "aud must name 'audience'; found none"),
        ({"aud": "x" * 300}, f"aud must name 'audience'; found aud '{'x' * 199}…"),
        ({"exp": NOON - 60}, "exp is 2026-03-14T11:59:00+00:00; it is 2026-03-14T12:00:00+00:00 here, with a leeway"),
        ({"nbf": NOON + 60}, "nbf is 2026-03-14T12:01:00+00:00; it is 2026-03-14T12:00:00+00:00 here, with a leeway"),
        ({"iat": NOON + 60}, "iat is 2026-03-14T12:01:00+00:00"),
        ({"sub": 7}, "a claim is missing or of another type: Expected `str`, got `int` - at `$.sub`"),
        ({"sub": ...}, "a claim is missing or of another type: Object missing required field `sub`"),
        ({"sub": "a\nb"}, "sub must be printable, and is 'a\\nb'"),
        ({"jti": "one"}, "its jti 'one' was revoked"),
        ({"exp": NOON + 700}, "from iat to exp there may be at most 600 s, and there are 700 s"),
        ({"scp": 7}, "scp must be a string or a list of strings, and is neither"),
    ],
    ids=itertools.count(),
)
async def test_the_reason_for_the_operator_has_the_expected_and_the_found_value(
    claims: dict[str, Any], reason: str
) -> None:
    rules = replace(RULES, max_lifetime=600, scope_claims=("scp",))
    with pytest.raises(Unauthorized) as refused:
        await verified(NOON, rules, {"one"}, **claims)
    assert refused.value.reason is not None
    assert refused.value.reason.startswith(reason)
    assert str(refused.value.detail).startswith("the token is refused: ")
    assert "'" not in refused.value.detail


async def test_before_the_signature_is_verified_the_reason_contains_nothing_of_the_token() -> None:
    keeper = JwtTokenVerifier(OneKey(SECRET, "HS256"), RULES, clock=lambda: datetime.fromtimestamp(NOON, UTC))
    secret = "canary" * 10
    claims = {"iss": secret, "aud": secret, "sub": secret, "iat": NOON, "exp": NOON + 600}
    reasons = {
        jwt.encode(claims, "another" * 10): "its signature is not valid",
        jwt.encode(claims, SECRET * 2, "HS512"): "its algorithm (alg) is not that of the key that is set",
        jwt.encode(claims, SECRET, headers={"jwk": {"k": secret}}): "its header holds jwk, which is not accepted",
        jwt.encode(
            claims, SECRET, headers={"typ": secret}
        ): "its type (typ) is not that of an access token: JWT or at+jwt",
        secret: "it is not a signed JSON Web Token in compact form",
        secret * 200: "it is longer than DARKROOM_JWT_MAX_LENGTH",
        f"{secret}.{secret}.{secret}": "its header is not JSON",
        "bnVsbA.e30.e30": "its header is not a JSON object, or repeats a name",
        "e30.e30.e30": "its header names no algorithm (alg), or a key (kid) that is not a text",
    }
    for token, reason in reasons.items():
        with pytest.raises(Unauthorized) as refused:
            await keeper.verify(token)
        assert refused.value.reason == reason
        assert refused.value.detail == "the token is refused: its form, its signature or a claim is not accepted here"


async def test_the_accepted_subjects_can_be_set() -> None:
    rules = replace(RULES, subjects=frozenset({"ada", "grace"}))
    assert await verified(NOON, rules) == ADA
    with pytest.raises(Unauthorized, match="its subject is not allowed here"):
        await verified(NOON, rules, sub="Ada")


async def test_the_maximum_length_of_a_token_can_be_set() -> None:
    assert await verified(NOON, replace(RULES, max_length=20_000), groups=["g" * 36] * 300) == ADA
    with pytest.raises(Unauthorized):
        await verified(NOON, groups=["g" * 36] * 300)


async def test_a_token_names_the_caller_and_its_limits() -> None:
    assert await verified(NOON, sub="grace", images_per_day=12) == Access(Caller("grace", images_per_day=12))
    limited = await verified(NOON, images_per_day=0, spend_per_day="0.02 USD", models=["v2.1", "sketch"])
    assert limited.caller == Caller("ada", 0, Money.parse("0.02 USD"), frozenset({"v2.1", "sketch"}))
    assert (await verified(NOON, models="v2.1")).caller == Caller("ada", models=frozenset({"v2.1"}))
    assert (await verified(NOON, models=[])).caller == Caller("ada", models=frozenset())
    assert await verified(NOON, images_per_day=None, spend_per_day=None, models=None) == ADA


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, *, private: bool = False
) -> bytes:
    if private:
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


RSA = rsa.generate_private_key(65_537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()


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
        (pem(EDWARDS), "Ed448"),
        (pem(CURVE), "Ed25519"),
        (pem(RSA, private=True), "RS256"),
        (pem(CURVE, private=True), "ES256"),
        (pem(rsa.generate_private_key(65_537, 1024)), "RS256"),  # noqa: S505  # it must be refused
        (b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", "RS256"),
        (b"\xff" * 64, "RS256"),
    ],
)
def test_a_key_that_does_not_suit_its_algorithm_is_refused(key: bytes, algorithm: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        OneKey(key, algorithm)


class ChangingKeys(KeySource):
    """Returns the key that is set at the time."""

    def __init__(self, secret: str) -> None:
        self.now = VerificationKey.of("HS256", secret.encode())

    async def key(self, kid: str | None, algorithm: str) -> VerificationKey:
        return self.now


async def test_a_remembered_token_is_checked_again_for_time_revocation_and_key() -> None:
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


async def test_a_verifier_remembers_a_bounded_number_of_tokens() -> None:
    keeper = JwtTokenVerifier(OneKey(SECRET, "HS256"), RULES, clock=lambda: datetime.fromtimestamp(NOON, UTC))
    claims = {"iss": "issuer", "aud": "audience", "iat": NOON, "exp": NOON + 600}
    names = [f"caller {number}" for number in range(JwtTokenVerifier.MOST_REMEMBERED + 10)]
    tokens = [jwt.encode({**claims, "sub": name}, SECRET) for name in names]
    for _ in range(2):
        assert [(await keeper.verify(token)).caller.subject for token in tokens] == names
