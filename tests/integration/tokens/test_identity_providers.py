"""The recipes of docs/tokens.md accept the tokens of identity providers, in the forms that these document."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from darkroom.entrypoints.container.keys import open_published_keys
from darkroom.entrypoints.container.tokens import token_rules
from darkroom.entrypoints.http.auth.tokens import JwtTokenVerifier
from darkroom.entrypoints.settings import Settings
from integration.http.house import House, now, open_house
from integration.tokens.issuer import Clock
from simulators.key_server import Jwk, KeyServer

PAGE = Path(__file__).parents[3] / "docs" / "tokens.md"
SIGNING, ENCRYPTING = (rsa.generate_private_key(65_537, 2048) for _ in range(2))
Claims = dict[str, Any]


def recipe(provider: str) -> dict[str, str]:
    """The settings that the page gives for a provider."""
    section = PAGE.read_text(encoding="utf-8").split(f"### {provider}\n")[1].split("\n##")[0]
    return dict(re.findall(r"^export (\w+)=(\S+)$", section, re.MULTILINE))


@dataclass(frozen=True)
class Form:
    """Tokens of one provider: their header, the claims of one that may read and order, and of one that may only read.

    `published` is what the provider publishes with its keys. `foreign` describes tokens that must be refused.
    """

    may_all: Claims
    header: Mapping[str, str] = field(default_factory=dict)
    may_look: Claims | None = None
    foreign: Mapping[str, Claims] = field(default_factory=dict)
    published: Mapping[str, object] = field(default_factory=lambda: {"alg": "RS256", "use": "sig"})


# A claim that is changed to `...` is left out. The times are the same for all.
FORMS: dict[str, Form] = {
    # https://www.keycloak.org/docs/latest/server_admin/: access tokens, audience support, client scopes
    "Keycloak": Form(
        header={"typ": "JWT"},
        may_all={
            "jti": "onrtac:9f8f1cc4-3a42-4d1c-8f6c-0b1c6a7a9e11",
            "aud": ["darkroom", "account"],
            "sub": "36fa0f91-f94d-4a0c-afed-6b7d952e47da",
            "typ": "Bearer",
            "azp": "studio",
            "sid": "2a88c258-f73a-4103-b862-e1fbd8f4e04e",
            "acr": "1",
            "allowed-origins": ["https://studio.example.com"],
            "realm_access": {"roles": ["offline_access", "default-roles-images", "uma_authorization"]},
            "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
            "scope": "openid profile email images:read images:write",
            "email_verified": True,
            "preferred_username": "ada",
        },
        may_look={"scope": "openid profile email images:read"},
        foreign={"without an audience mapper": {"aud": "account"}, "for another API": {"aud": "billing"}},
    ),
    # https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
    "Auth0": Form(
        header={"typ": "at+jwt"},
        may_all={
            "sub": "auth0|6553da60a54af58e29493993",
            "aud": ["https://darkroom.example.com", "https://example.eu.auth0.com/userinfo"],
            "client_id": "my_client_id",
            "jti": "73WakrfVbNJBaAmhQtEeDv",
            "scope": "openid profile images:read images:write",
            "permissions": ["images:read", "images:write"],
        },
        may_look={"permissions": ["images:read"]},
        foreign={
            "for /userinfo alone": {"aud": "https://example.eu.auth0.com/userinfo"},
            "of another tenant": {"iss": "https://other.eu.auth0.com/"},
            "of the issuer without its slash": {"iss": "https://example.eu.auth0.com"},
        },
    ),
    # https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
    "Amazon Cognito": Form(
        may_all={
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "cognito:groups": ["painters"],
            "version": 2,
            "client_id": "1h57kf5cpq17m0eml12EXAMPLE",
            "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "token_use": "access",
            "scope": "openid darkroom/images:read darkroom/images:write",
            "username": "ada",
            "jti": "bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee",
        },
        may_look={"scope": "darkroom/images:read other/images:write images:write"},
        foreign={
            "of another client": {"client_id": "7lhlkkfbfb4q5kpp90EXAMPLE"},
            "with an audience of its own": {"aud": "https://other.example.com"},
            "of another pool": {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE02"},
        },
    ),
    # https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
    "Microsoft Entra ID": Form(
        header={"typ": "JWT", "x5t": "i6lGk3FZzxRcUb2C3nEQ7syHJlY"},
        may_all={
            "aud": "00001111-aaaa-2222-bbbb-3333cccc4444",
            "azp": "11112222-bbbb-3333-cccc-4444dddd5555",
            "azpacr": "1",
            "oid": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb",
            "rh": "0.AAAA",
            "roles": ["images:write"],
            "scp": "images:read",
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
            "uti": "fqiBqXLPj0eQa82S-IYFAA",
            "ver": "2.0",
        },
        may_look={"scp": "images:read", "roles": ...},
        foreign={
            "for Microsoft Graph": {"aud": "00000003-0000-0000-c000-000000000000"},
            "of version 1": {"iss": "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/", "ver": "1.0"},
            "of another tenant": {"iss": "https://login.microsoftonline.com/eeeeffff-4444-aaaa-5555-bbbb6666cccc/v2.0"},
            "made for us and meant for another": {"aud": "x", "azp": "00001111-aaaa-2222-bbbb-3333cccc4444"},
        },
        published={"use": "sig", "x5t": "i6lGk3FZzxRcUb2C3nEQ7syHJlY", "x5c": ["MIIC/jCCAeagAwIBAgIJ"]},
    ),
    # https://cloud.google.com/docs/authentication/token-types#id
    "Google": Form(
        header={"typ": "JWT"},
        may_all={
            "aud": "https://images.example.com",
            "azp": "112233445566778899001",
            "email": "painter@example-project.iam.gserviceaccount.com",
            "email_verified": True,
            "sub": "112233445566778899001",
        },
        foreign={
            "of another's service account": {"sub": "998877665544332211009", "azp": "998877665544332211009"},
            "for another audience": {"aud": "https://other.example.com"},
        },
    ),
    # https://zitadel.com/docs/apis/openidoauth/claims
    "Zitadel": Form(
        may_all={
            "aud": ["224466880011223344", "234567890123456789"],
            "client_id": "224466880011223344",
            "jti": "V2_287654321098765432-at_287654321098830968",
            "sub": "212121212121212121",
            "urn:zitadel:iam:org:project:roles": {
                "images:read": {"203456789012345678": "example.zitadel.cloud"},
                "images:write": {"203456789012345678": "example.zitadel.cloud"},
            },
        },
        may_look={
            "urn:zitadel:iam:org:project:roles": {"images:read": {"203456789012345678": "example.zitadel.cloud"}}
        },
        foreign={"for another project": {"aud": ["345678901234567890"]}},
    ),
}


def signed(form: Form, issuer: str, changes: Claims) -> str:
    at = int(time.time())
    claims = {"iss": issuer, "iat": at, "nbf": at, "exp": at + 3600} | form.may_all | changes
    document = json.dumps({claim: value for claim, value in claims.items() if value is not ...})
    header: dict[str, Any] = {"typ": None, **form.header, "kid": "signing"}
    return jwt.PyJWS().encode(document.encode(), SIGNING, "RS256", header)


def key(private: rsa.RSAPrivateKey, **said: object) -> Jwk:
    public: Jwk = jwt.get_algorithm_by_name("RS256").to_jwk(private.public_key(), as_dict=True)
    return {"kty": "RSA", "n": public["n"], "e": public["e"], **said}


@asynccontextmanager
async def open_for(settings: Mapping[str, str], form: Form) -> AsyncIterator[House]:
    """The service with the settings of the recipe, except that a stand-in publishes the keys."""
    keys = [key(SIGNING, kid="signing", **form.published), key(ENCRYPTING, kid="encrypting", use="enc", alg="RSA-OAEP")]
    async with KeyServer(keys) as server:
        environment = {**settings, "DARKROOM_JWT_DISCOVERY": "false", "DARKROOM_JWT_JWKS_URL": server.jwks_url}
        read = Settings.read(environment)
        async with (
            open_published_keys(read, Clock()) as found,
            open_house(tokens=JwtTokenVerifier(found, token_rules(read), clock=now)) as house,
        ):
            yield house


@pytest.mark.parametrize("provider", FORMS)
async def test_its_tokens_are_accepted_and_foreign_tokens_are_refused(provider: str) -> None:
    settings, form = recipe(provider), FORMS[provider]
    issuer = settings["DARKROOM_JWT_ISSUER"]
    assert settings["DARKROOM_JWT_DISCOVERY"] == "true"

    async def tried(house: House, changes: Claims) -> tuple[int, int]:
        headers = {"Authorization": f"Bearer {signed(form, issuer, changes)}"}
        looked = await house.client.get("/api/models", headers=headers)
        return looked.status_code, (await house.order(headers)).status_code

    async with open_for(settings, form) as house:
        assert await tried(house, {}) == (200, 200)
        if form.may_look is not None:
            assert await tried(house, form.may_look) == (200, 403)
        for name, changes in form.foreign.items():
            assert await tried(house, changes) == (401, 401), name
        assert await tried(house, {"exp": int(time.time()) - 60}) == (401, 401)


def test_every_provider_of_the_page_is_tried() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Identity providers\n")[1].split("\n## ")[0]
    assert re.findall("^### (.*)$", section, re.MULTILINE) == [*FORMS]
