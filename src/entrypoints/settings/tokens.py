"""Settings of the tokens: who may call."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from entrypoints.settings import parsers as read
from entrypoints.settings.setting import Secret, Setting

# RFC 7518, 3.2: a key at least as long as the hash.
SECRET_BYTES: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
_PUBLIC_KEY_ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
    "EdDSA",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """What a token must carry, and what it is checked with."""

    algorithm: Annotated[
        str,
        Setting("DARKROOM_JWT_ALGORITHM", read.one_of(*SECRET_BYTES, *_PUBLIC_KEY_ALGORITHMS), "how tokens are signed"),
    ] = "HS256"
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
    public_key: Annotated[
        str | None,
        Setting(
            "DARKROOM_JWT_PUBLIC_KEY",
            read.pem,
            "PEM text or file, for RS256, PS256, ES256, EdDSA and their like",
            confidential=True,
        ),
    ] = None
    issuer: Annotated[str, Setting("DARKROOM_JWT_ISSUER", read.text, "the `iss` that a token must carry")] = "darkroom"
    audience: Annotated[str, Setting("DARKROOM_JWT_AUDIENCE", read.text, "the `aud` that a token must carry")] = (
        "darkroom"
    )

    @property
    def symmetric(self) -> bool:
        """Whether tokens are checked with the secret that signs them."""
        return self.algorithm in SECRET_BYTES

    @property
    def development(self) -> bool:
        """Whether tokens are signed with the secret that this machine makes for itself."""
        return self.symmetric and self.secret is None

    def problems(self) -> Iterator[str]:
        """What does not fit together."""
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
