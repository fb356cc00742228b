"""Which tokens are accepted, and how they must be sent."""

from __future__ import annotations

import pytest

from darkroom.entrypoints.http.auth.keys import OneKey
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from integration.http.house import RULES, House, bearer, now, open_house
from integration.http.token_corpus import KEYS, Issuer, claims

INVALID = 'Bearer error="invalid_token"'


def verifier(issuer: Issuer) -> JwtTokenVerifier:
    return JwtTokenVerifier(OneKey(issuer.verification_key, issuer.algorithm), RULES, clock=now)


@pytest.mark.parametrize("algorithm", KEYS)
async def test_genuine_tokens_are_accepted(algorithm: str) -> None:
    issuer = Issuer(algorithm)
    tokens = [
        issuer.token({"typ": ...}),
        issuer.token({"typ": "at+jwt"}),
        issuer.token({"typ": "application/at+JWT", "kid": "2026-01", "x5t": "abc"}),
        issuer.token({}, claims(aud=["x", "darkroom"], nbf=claims()["iat"], scope="images:write", jti="1")),
        issuer.token({}, claims(iat=claims()["iat"] + 0.5, exp=claims()["exp"] + 0.5)),
        issuer.token({}, claims(sub="https://id.example/users/Zoë", images_per_day=0)),
        issuer.token({}, claims(images_per_day=None)),
        issuer.token({"jku": "http://127.0.0.1:1/keys", "x5u": ["http://127.0.0.1:1/certificate"]}),
        *([issuer.token({"alg": "Ed25519"})] if algorithm == "EdDSA" else []),
    ]
    async with open_house(tokens=verifier(issuer)) as house:
        answers = [
            await house.client.get("/api/models", headers={"Authorization": f"Bearer {token}"}) for token in tokens
        ]
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
async def test_the_name_of_the_scheme_is_case_insensitive(house: House, scheme: str) -> None:
    headers = {"Authorization": bearer()["Authorization"].replace("Bearer", scheme)}
    assert (await house.client.get("/api/models", headers=headers)).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", "JWT", "Digest", "Bearer:", "Bearer=", "Bearerx", "X-Bearer", ""])
async def test_other_schemes_are_not_read_as_tokens(house: House, scheme: str) -> None:
    headers = {"Authorization": bearer()["Authorization"].replace("Bearer", scheme).strip()}
    answer = await house.client.get("/api/models", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_token_outside_the_authorization_header_is_ignored(house: House) -> None:
    token = bearer()["Authorization"].removeprefix("Bearer ")
    del house.client.headers["Authorization"]
    answers = [
        await house.client.get(f"/api/models?access_token={token}&token={token}"),
        await house.client.get("/api/models", headers={"Cookie": f"access_token={token}; token={token}"}),
        await house.client.get("/api/models", headers={"X-Authorization": f"Bearer {token}"}),
        await house.client.get("/api/models", headers={"Proxy-Authorization": f"Bearer {token}"}),
    ]
    assert {(answer.status_code, answer.headers["www-authenticate"]) for answer in answers} == {(401, "Bearer")}


async def test_more_than_one_token_is_refused(house: House) -> None:
    del house.client.headers["Authorization"]
    headers = [("Authorization", bearer()["Authorization"])] * 2
    answer = await house.client.get("/api/models", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, INVALID)
    assert answer.json()["type"] == "/problems/unauthorized"


@pytest.mark.parametrize("path", ["/health/live", "/problems/gone", "/docs/openapi.json"])
async def test_an_invalid_token_does_not_close_open_doors(house: House, path: str) -> None:
    assert (await house.client.get(path, headers={"Authorization": "Bearer x"})).status_code == 200


async def test_the_log_says_why_a_token_is_refused_and_never_the_token(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = {
        bearer(aud="billing")["Authorization"]: "a token is refused: aud must name 'darkroom'; found aud 'billing'",
        "Bearer canary": "a token is refused: it is not a signed JSON Web Token in compact form",
        f"{bearer()['Authorization']}A": "a token is refused: its signature is not valid",
    }
    for path in ("/api/models", "/api/nowhere"):
        for token, reason in tokens.items():
            caplog.clear()
            with caplog.at_level("INFO"):
                answer = await house.client.get(path, headers={"Authorization": token})
            assert answer.status_code == 401
            messages = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
            assert messages == [reason]
            assert token.removeprefix("Bearer ") not in caplog.text
            assert "billing" not in answer.text
