"""Access tokens: who calls, told by a JSON Web Token that somebody we trust has signed.

RFC 7519, with the advice of RFC 8725: a key's one algorithm, fixed here and not by the token; every claim of a known
type.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Final, Protocol

import jwt
import msgspec

from darkroom.domain.model.limits import Caller
from darkroom.entrypoints.http import strict_json
from darkroom.entrypoints.http.auth.access import Access, scopes_in
from darkroom.entrypoints.http.auth.keys import KeySource, VerificationKey
from darkroom.entrypoints.http.errors import KeysUnavailable, Unauthorized

_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # RFC 7515, 7.1, signature required
_ACCESS_TOKEN_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")  # RFC 9068, 2.1
# A token that brings its own key, or asks to be read in another way, is none of ours.
_REFUSED_PARAMETERS: Final = frozenset({"crit", "jwk", "jku", "x5c", "x5u", "b64", "cty", "enc", "zip"})


class TokenVerifier(Protocol):
    """Tells who calls."""

    @abstractmethod
    async def verify(self, token: str) -> Access:
        """Tell whom an access token stands for, and what it allows.

        Raises:
            Unauthorized: it is not accepted here.
            KeysUnavailable: nobody can tell at the moment.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What is asked of a token whose signature is right.

    `leeway`: seconds that the issuer's clock may be off. `max_lifetime`: seconds from `iat` to `exp`; None is
    unlimited. `scope_claim` names the claim that holds scopes; None where tokens say nothing of them.
    """

    issuer: str
    audience: str
    leeway: float = 10
    max_lifetime: float | None = None
    scope_claim: str | None = None


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
    jti: str | None = None
    images_per_day: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None


class JwtTokenVerifier(TokenVerifier):
    """Verifies JSON Web Tokens: signature, issuer, audience and time."""

    MAX_LENGTH: ClassVar = 8192  # characters
    MOST_REMEMBERED: ClassVar = 256
    """Tokens whose signature need not be verified again; what their claims say is held to the rules each time."""

    def __init__(
        self, keys: KeySource, rules: TokenRules, *, clock: Callable[[], datetime], revoked: Container[str] = ()
    ) -> None:
        """`revoked` holds the `jti` of each token that is to be accepted no more."""
        self._keys, self._rules, self._clock, self._revoked = keys, rules, clock, revoked
        self._jws = jwt.PyJWS(options={"verify_signature": True, "enforce_minimum_key_length": True})
        self._verified: dict[str, tuple[VerificationKey, Mapping[str, object]]] = {}

    async def verify(self, token: str) -> Access:
        try:
            payload = await self._signed_payload(token)
            claims = msgspec.convert(payload, _Claims)
            scopes = scopes_in(payload.get(self._rules.scope_claim)) if self._rules.scope_claim else None
        except KeysUnavailable:
            raise
        except Exception as fault:  # whatever a stranger makes us stumble over, the token is not accepted
            raise _refused("its form, its signature or a claim is not accepted here") from fault
        self._hold_to_rules(claims)
        return Access(Caller(claims.sub, claims.images_per_day), scopes)

    async def _signed_payload(self, token: str) -> Mapping[str, object]:
        if len(token) > self.MAX_LENGTH or not _COMPACT.fullmatch(token):
            raise ValueError("not a signed token in compact form")
        header = _unique_members(jwt.utils.base64url_decode(token.partition(".")[0]))
        alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", "jwt")
        if _REFUSED_PARAMETERS & header.keys() or not isinstance(alg, str) or not isinstance(kid, str | None):
            raise ValueError("a header parameter is refused")
        if not isinstance(typ, str) or typ.lower() not in _ACCESS_TOKEN_TYPES:
            raise ValueError("another type of token")
        key = await self._keys.key(kid, alg)
        verified = self._verified.get(token)
        # The very same key: where keys were fetched anew, the signature is verified anew.
        if verified and verified[0] is key:
            return verified[1]
        payload = _unique_members(self._jws.decode_complete(token, key.material, [key.algorithm])["payload"])
        if len(self._verified) >= self.MOST_REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = key, payload
        return payload

    def _hold_to_rules(self, claims: _Claims) -> None:
        rules, now = self._rules, self._clock().timestamp()
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != rules.issuer:
            raise _refused("its issuer is not ours")
        if rules.audience not in audiences:
            raise _refused("it is meant for another audience")
        if claims.exp <= now - rules.leeway:
            raise _refused("it has expired")
        if max(claims.iat, claims.nbf) > now + rules.leeway:
            raise _refused("it is not valid yet")
        if rules.max_lifetime is not None and claims.exp - claims.iat > rules.max_lifetime:
            raise _refused("it lives longer than tokens may here")
        if not claims.sub.isprintable():
            raise _refused("its subject holds characters that cannot be printed")
        if claims.jti in self._revoked:
            raise _refused("it was revoked")


def _refused(reason: str) -> Unauthorized:
    return Unauthorized(f"the token is refused: {reason}", token_sent=True)


def _unique_members(document: bytes) -> dict[str, object]:
    # RFC 7519, 4: claim names are unique; a parser that keeps the last one lets two readers see two tokens.
    members = strict_json.read(document)
    if not isinstance(members, tuple) or strict_json.repeated(members):
        raise ValueError("not a JSON object, or one with repeated names")
    return dict(members)
