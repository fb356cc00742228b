"""Access tokens: who calls, told by a JSON Web Token that somebody we trust has signed.

RFC 7519, with the advice of RFC 8725: one algorithm, fixed here and not by the token; every claim of a known type.
"""

import re
from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, ClassVar, Final, Protocol

import jwt
import msgspec
from jwt.algorithms import AllowedPublicKeys

from domain.limits import Caller
from entrypoints.http import strict_json
from entrypoints.http.errors import Unauthorized

_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # RFC 7515, 7.1, signature required
_ACCESS_TOKEN_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")  # RFC 9068, 2.1
# A token that brings its own key, or asks to be read in another way, is none of ours.
_REFUSED_PARAMETERS: Final = frozenset({"crit", "jwk", "jku", "x5c", "x5u", "b64", "cty", "enc", "zip"})


class TokenVerifier(Protocol):
    """Tells who calls."""

    @abstractmethod
    async def verify(self, token: str) -> Caller:
        """Tell whom an access token stands for.

        Raises:
            Unauthorized: it is not accepted here.
        """


class KeySource(Protocol):
    """Keeps the keys that signatures are verified with."""

    @abstractmethod
    async def key(self, kid: str | None) -> AllowedPublicKeys | bytes:
        """The key that a token names by its `kid`; where there is but one, that one.

        Raises:
            LookupError: there is no such key.
        """


class OneKey(KeySource):
    """The one key that the operator has set."""

    def __init__(self, key: str | bytes, algorithm: str) -> None:
        """`key`: the bytes of the secret for the HS algorithms, a public key in PEM for the others.

        Raises:
            ValueError: the key does not suit the algorithm, or is too weak for it.
        """
        suited = jwt.get_algorithm_by_name(algorithm)
        try:
            prepared = suited.prepare_key(key)
        except (jwt.InvalidKeyError, ValueError, TypeError) as error:
            raise ValueError(f"this is no key for {algorithm}") from error
        if hasattr(prepared, "private_bytes"):
            raise ValueError("this is a private key; tokens are verified with the public one")
        if weakness := suited.check_key_length(prepared):
            raise ValueError(weakness)
        self._key: AllowedPublicKeys | bytes = prepared

    async def key(self, kid: str | None) -> AllowedPublicKeys | bytes:  # noqa: ARG002  # there is but one
        return self._key


# Seconds since 1970, up to the year 9999.
Moment = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]


class _Claims(msgspec.Struct):
    """The claims that a token must carry, and those that it may."""

    iss: str
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    aud: str | list[str]
    iat: Moment
    exp: Moment
    nbf: Moment = 0
    images_per_day: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None


class JwtTokenVerifier(TokenVerifier):
    """Verifies JSON Web Tokens: signature, issuer, audience and time."""

    MAX_LENGTH: ClassVar = 8192  # characters
    LEEWAY: ClassVar = 10  # seconds that the issuer's clock may be off

    def __init__(
        self, keys: KeySource, *, algorithm: str, issuer: str, audience: str, clock: Callable[[], datetime]
    ) -> None:
        """`algorithm` is the only one that is accepted, by its name in RFC 7518."""
        self._keys, self._algorithm, self._issuer, self._audience = keys, algorithm, issuer, audience
        self._clock = clock
        self._jws = jwt.PyJWS([algorithm], {"verify_signature": True, "enforce_minimum_key_length": True})

    async def verify(self, token: str) -> Caller:
        try:
            claims = await self._signed_claims(token)
        except Exception as fault:  # whatever a stranger makes us stumble over, the token is not accepted
            raise _refused("its form, its signature or a claim is not accepted here") from fault
        return self._caller(claims)

    async def _signed_claims(self, token: str) -> _Claims:
        if len(token) > self.MAX_LENGTH or not _COMPACT.fullmatch(token):
            raise ValueError("not a signed token in compact form")
        header = _unique_members(jwt.utils.base64url_decode(token.partition(".")[0]))
        kid, typ = header.get("kid"), header.get("typ", "jwt")
        if _REFUSED_PARAMETERS & header.keys() or not isinstance(kid, str | None):
            raise ValueError("a header parameter is refused")
        if not isinstance(typ, str) or typ.lower() not in _ACCESS_TOKEN_TYPES:
            raise ValueError("another type of token")
        signed = self._jws.decode_complete(token, await self._keys.key(kid), [self._algorithm])
        return msgspec.convert(_unique_members(signed["payload"]), _Claims)

    def _caller(self, claims: _Claims) -> Caller:
        now = self._clock().timestamp()
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != self._issuer:
            raise _refused("its issuer is not ours")
        if self._audience not in audiences:
            raise _refused("it is meant for another audience")
        if claims.exp <= now - self.LEEWAY:
            raise _refused("it has expired")
        if max(claims.iat, claims.nbf) > now + self.LEEWAY:
            raise _refused("it is not valid yet")
        if not claims.sub.isprintable():
            raise _refused("its subject holds characters that cannot be printed")
        return Caller(claims.sub, claims.images_per_day)


def _refused(reason: str) -> Unauthorized:
    return Unauthorized(f"the token is refused: {reason}", token_sent=True)


def _unique_members(document: bytes) -> dict[str, object]:
    # RFC 7519, 4: claim names are unique; a parser that keeps the last one lets two readers see two tokens.
    members = strict_json.read(document)
    if not isinstance(members, tuple) or strict_json.repeated(members):
        raise ValueError("not a JSON object, or one with repeated names")
    return dict(members)
