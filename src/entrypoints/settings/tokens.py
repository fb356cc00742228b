"""Settings of the tokens: who may call."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting

# RFC 7518, 3.2: a key at least as long as the hash.
SECRET_BYTES: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
_PUBLIC_KEY_ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
    *("EdDSA", "Ed25519", "Ed448"),  # RFC 9864 names the curve
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """Access tokens: what they must contain, and how they are verified."""

    algorithm_set: Annotated[
        str | None,
        Setting(
            "DARKROOM_JWT_ALGORITHM",
            read.one_of(*SECRET_BYTES, *_PUBLIC_KEY_ALGORITHMS),
            "how tokens are signed",
            "HS256; with published keys the algorithm of each key",
        ),
    ] = None
    secret: Annotated[
        Secret | None,
        Setting(
            "DARKROOM_JWT_SECRET",
            read.secret,
            "for HS256, HS384, HS512: at least 32, 48, 64 bytes",
            "a development secret, on loopback only",
            confidential=True,
        ),
    ] = None
    own_token: Annotated[
        Secret | None,
        Setting(
            "DARKROOM_TOKEN",
            read.api_key,
            "the access token with which `darkroom generate`, `list` and the like call a service",
            "one that they make",
            confidential=True,
        ),
    ] = None
    public_key: Annotated[
        str | None,
        Setting(
            "DARKROOM_JWT_PUBLIC_KEY",
            read.pem,
            "PEM text or a file, for RS256, PS256, ES256, EdDSA and the like",
            confidential=True,
        ),
    ] = None
    jwks_url: Annotated[
        str | None,
        Setting(
            "DARKROOM_JWT_JWKS_URL",
            read.document_url,
            "the address at which the issuer publishes its keys (JWKS), instead of the two above; http at private "
            "addresses only",
            confidential=True,
        ),
    ] = None
    discovery: Annotated[
        bool,
        Setting(
            "DARKROOM_JWT_DISCOVERY",
            read.flag,
            "whether the keys are found through OpenID Connect Discovery at the issuer, whose address is then the "
            "`iss`",
        ),
    ] = False
    keys_max_age: Annotated[
        float,
        Setting(
            "DARKROOM_JWT_KEYS_MAX_AGE",
            read.seconds,
            "seconds for which published keys are trusted while no newer ones can be fetched",
        ),
    ] = 86_400
    issuer: Annotated[str, Setting("DARKROOM_JWT_ISSUER", read.text, "the `iss` that a token must carry")] = "darkroom"
    audience: Annotated[str, Setting("DARKROOM_JWT_AUDIENCE", read.text, "the `aud` that a token must carry")] = (
        "darkroom"
    )
    audience_claims: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_JWT_AUDIENCE_CLAIM",
            read.audience_claims,
            "`aud`, or `aud,client_id`: then `client_id` names the audience of a token without any `aud`, such as "
            "Cognito's",
            "aud",
        ),
    ] = ("aud",)
    subjects: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_JWT_SUBJECTS",
            read.names,
            "the callers that are accepted, by the `sub` of their tokens, separated by commas",
            "all",
        ),
    ] = ()
    leeway: Annotated[
        int, Setting("DARKROOM_JWT_LEEWAY", read.whole(0, 30), "seconds that the issuer's clock may be off")
    ] = 10
    max_lifetime: Annotated[
        int | None,
        Setting(
            "DARKROOM_JWT_MAX_LIFETIME", read.whole(1, 315_360_000), "seconds from `iat` to `exp` at most", "unlimited"
        ),
    ] = None
    max_length: Annotated[
        int,
        Setting(
            "DARKROOM_JWT_MAX_LENGTH",
            read.whole(512, 30_000),
            "characters of a token at most; the head of a request may be 32 KiB long",
        ),
    ] = 8192
    scope_claims: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_JWT_SCOPE_CLAIM",
            read.claims,
            "the claim, or several such as `scp,roles`, that must contain `images:read` to read and `images:write` "
            "to order and delete",
            "every token may do both",
        ),
    ] = ()
    scope_prefix: Annotated[
        str,
        Setting(
            "DARKROOM_JWT_SCOPE_PREFIX",
            read.text,
            "the beginning of scopes for this service, such as `darkroom/`; other scopes do not count",
            "none",
        ),
    ] = ""

    page_client_id: Annotated[
        str | None,
        Setting(
            "DARKROOM_PAGE_CLIENT_ID",
            read.text,
            "the public client under which the page signs people in at the issuer; needs `DARKROOM_JWT_DISCOVERY=true`",
            "people paste a token",
        ),
    ] = None
    page_scope: Annotated[
        str | None,
        Setting(
            "DARKROOM_PAGE_SCOPE",
            read.text,
            "the scopes that the page requests, separated by blanks, such as `openid offline_access images:read`",
            "`openid`; with `DARKROOM_JWT_SCOPE_CLAIM` also `images:read` and `images:write`",
        ),
    ] = None

    @property
    def published(self) -> bool:
        """Whether the keys are fetched from the issuer, which publishes them."""
        return self.jwks_url is not None or self.discovery

    @property
    def source(self) -> str:
        """The setting by which published keys are found."""
        return "DARKROOM_JWT_DISCOVERY=true" if self.discovery else "DARKROOM_JWT_JWKS_URL"

    @property
    def issuer_address(self) -> str | None:
        """The issuer, if its name is a URL; else None."""
        return self.issuer if re.match(r"https?://[^/]", self.issuer) else None

    @property
    def algorithm(self) -> str:
        """The signature algorithm, if the keys are not published."""
        return self.algorithm_set or "HS256"

    @property
    def symmetric(self) -> bool:
        """Whether the same secret signs and verifies tokens."""
        return not self.published and self.algorithm in SECRET_BYTES

    @property
    def development(self) -> bool:
        """Whether tokens are signed with the development secret, which this machine has made."""
        return self.symmetric and self.secret is None

    @property
    def own_subject(self) -> str:
        """The default caller of tokens that are made here: the first accepted subject, or `me`."""
        return self.subjects[0] if self.subjects else "me"

    def allowed(self, ttl: timedelta) -> timedelta:
        """Return `ttl`, or the longest accepted lifetime if that is shorter."""
        return ttl if self.max_lifetime is None else min(ttl, timedelta(seconds=self.max_lifetime))

    def problems(self) -> Iterator[str]:
        """Yield a line for each contradiction among these settings."""
        yield from self._problems_of_published() if self.published else self._problems_of_one_key()
        if self.scope_prefix and not self.scope_claims:
            yield "DARKROOM_JWT_SCOPE_CLAIM is missing: with DARKROOM_JWT_SCOPE_PREFIX it must be set"
        if self.page_client_id is not None and not self.discovery:
            yield "DARKROOM_JWT_DISCOVERY=true is missing: with DARKROOM_PAGE_CLIENT_ID it must be set"
        if self.page_scope is not None and self.page_client_id is None:
            yield "DARKROOM_PAGE_CLIENT_ID is missing: with DARKROOM_PAGE_SCOPE it must be set"

    def _problems_of_published(self) -> Iterator[str]:
        if self.jwks_url is not None and self.discovery:
            yield "DARKROOM_JWT_JWKS_URL must be left out with DARKROOM_JWT_DISCOVERY=true, which finds it"
        for name, key in (("DARKROOM_JWT_SECRET", self.secret), ("DARKROOM_JWT_PUBLIC_KEY", self.public_key)):
            if key is not None:
                yield f"{name} must be left out with {self.source}"
        if self.algorithm_set in SECRET_BYTES:
            yield f"DARKROOM_JWT_ALGORITHM must be that of published keys such as RS256, or left out with {self.source}"
        if self.discovery and self.issuer_address is None:
            yield f"DARKROOM_JWT_ISSUER must be an address such as https://id.example.com with {self.source}"

    def _problems_of_one_key(self) -> Iterator[str]:
        if not self.symmetric and self.public_key is None:
            yield f"DARKROOM_JWT_PUBLIC_KEY is missing: with DARKROOM_JWT_ALGORITHM={self.algorithm} it must be set"
        if not self.symmetric and self.secret is not None:
            yield f"DARKROOM_JWT_SECRET must be left out with DARKROOM_JWT_ALGORITHM={self.algorithm}"
        if self.symmetric and self.public_key is not None:
            yield (
                f"DARKROOM_JWT_PUBLIC_KEY must be left out with DARKROOM_JWT_ALGORITHM={self.algorithm}, "
                "or the algorithm be that of the key, such as RS256"
            )
        if self.symmetric and self.secret is not None:
            least = SECRET_BYTES[self.algorithm]
            if len(self.secret.value.encode()) < least:
                yield f"DARKROOM_JWT_SECRET is too short: {self.algorithm} needs at least {least} bytes"
