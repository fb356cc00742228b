"""Access tokens: JSON Web Tokens signed by an issuer that the operator trusts."""

import re
from abc import abstractmethod
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol

import jwt

from darkroom.entrypoints.http import strict_json
from darkroom.entrypoints.http.auth.access import Access
from darkroom.entrypoints.http.auth.claims import UNREADABLE, Flaw, Refused, TokenRules
from darkroom.entrypoints.http.auth.keys import EDWARDS, KeySource, VerificationKey, algorithm_named
from darkroom.entrypoints.http.errors import KeysUnavailable, Unauthorized

_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # RFC 7515, 7.1, signature required
_ACCESS_TOKEN_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")  # RFC 9068, 2.1
# Parameters that bring their own key, or change how the token is to be read. `jku` and `x5u` are only addresses: they
# are ignored and never fetched, since keys come from the operator alone.
_REFUSED_PARAMETERS: Final = ("crit", "jwk", "x5c", "b64", "cty", "enc", "zip")


class TokenVerifier(Protocol):
    """Verifies access tokens."""

    @abstractmethod
    async def verify(self, token: str) -> Access:
        """Return the caller that a token stands for, and its scopes.

        Raises:
            Unauthorized: the token is not accepted.
            KeysUnavailable: the token cannot be verified at present.
        """


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a token says about its signature. It is not verified, so it must not be trusted."""

    alg: str
    kid: str | None

    @classmethod
    def read(cls, token: str, max_length: int) -> "Header":
        """Parse the header of a token of at most `max_length` characters.

        Raises:
            Refused: the token is too long, not in compact form, or its header is not accepted.
        """
        if len(token) > max_length:
            raise _refused("it is longer than DARKROOM_JWT_MAX_LENGTH")
        if not _COMPACT.fullmatch(token):
            raise _refused("it is not a signed JSON Web Token in compact form")
        header = _members("header", _decoded(token.partition(".")[0]))
        for name in _REFUSED_PARAMETERS:
            if name in header:
                raise _refused(f"its header holds {name}, which is not accepted")
        alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", "jwt")
        if not isinstance(alg, str) or not isinstance(kid, str | None):
            raise _refused("its header names no algorithm (alg), or a key (kid) that is not a text")
        if not isinstance(typ, str) or typ.lower() not in _ACCESS_TOKEN_TYPES:
            raise _refused("its type (typ) is not that of an access token: JWT or at+jwt")
        return cls(alg, kid)


class JwtTokenVerifier(TokenVerifier):
    """Verifies JSON Web Tokens: signature, issuer, audience and time."""

    MOST_REMEMBERED: ClassVar = 256
    """The most tokens whose valid signature is remembered; their claims are checked each time."""

    def __init__(
        self, keys: KeySource, rules: TokenRules, *, clock: Callable[[], datetime], revoked: Container[str] = ()
    ) -> None:
        """Verify with `keys` and `rules`; `revoked` holds the `jti` of each revoked token."""
        self._keys, self._rules, self._clock, self._revoked = keys, rules, clock, revoked
        self._jws = jwt.PyJWS(options={"verify_signature": True, "enforce_minimum_key_length": True})
        for name in EDWARDS:
            self._jws.register_algorithm(name, algorithm_named(name))
        self._verified: dict[str, tuple[VerificationKey, Mapping[str, object]]] = {}

    async def verify(self, token: str) -> Access:
        try:
            payload = await self.payload(token)
            return self._rules.access(payload, now=self._clock(), revoked=self._revoked)
        except Refused as refused:
            flaw = refused.flaw
            raise Unauthorized(f"the token is refused: {flaw.detail}", token_sent=True, reason=flaw.reason) from refused

    async def payload(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token after verifying its signature.

        Raises:
            Refused: the token is malformed, or its signature is not valid; the reason quotes nothing of the token.
            KeysUnavailable: the signature cannot be verified at present.
        """
        try:
            header = Header.read(token, self._rules.max_length)
            key = await self._keys.key(header.kid, header.alg)
            verified = self._verified.get(token)
            # Compared by identity: after keys were fetched again, the signature is verified again.
            if verified and verified[0] is key:
                return verified[1]
            signed = self._jws.decode_complete(token, key.material, [header.alg])["payload"]
        except (Refused, KeysUnavailable):
            raise
        except LookupError as unknown:
            raise _refused(str(unknown)) from unknown
        except jwt.InvalidSignatureError as fault:
            raise _refused("its signature is not valid") from fault
        except Exception as fault:  # a token that causes any error is not accepted
            raise _refused(f"its signature cannot be verified ({type(fault).__name__})") from fault
        payload = _members("payload", signed)
        if len(self._verified) >= self.MOST_REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = key, payload
        return payload


def _refused(reason: str) -> Refused:
    return Refused(Flaw(UNREADABLE, reason))


def _decoded(part: str) -> bytes:
    try:
        return jwt.utils.base64url_decode(part)
    except ValueError as fault:
        raise _refused("its header is not in base64url") from fault


def _members(part: str, document: bytes) -> dict[str, object]:
    try:
        members = strict_json.read(document)
    except ValueError as fault:
        raise _refused(f"its {part} is not JSON") from fault
    # RFC 7519, 4: names are unique. Otherwise two parsers could read the same token differently.
    if not isinstance(members, tuple) or strict_json.repeated(members):
        raise _refused(f"its {part} is not a JSON object, or repeats a name")
    return dict(members)
