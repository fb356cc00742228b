"""Reads a JSON Web Key Set (RFC 7517): which keys can verify access tokens, and each with which algorithm."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from darkroom.entrypoints.http.auth.keys import VerificationKey, algorithm_named

# The algorithms that a type of key, or one of its curves, can verify (RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2);
# the first one is used if neither the key nor the operator names one.
_ALGORITHMS: Final[Mapping[tuple[str, str | None], Sequence[str]]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
    ("OKP", "Ed448"): ("EdDSA", "Ed448"),
}

Jwk = dict[str, Any]


class _Document(msgspec.Struct):
    keys: list[Jwk]


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key of a set, and the `kid` by which tokens may refer to it."""

    kid: str | None
    key: VerificationKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a set; `passed_over` gives the reason for each key that is not used."""

    keys: tuple[PublishedKey, ...]
    passed_over: tuple[str, ...]

    @classmethod
    def read(cls, document: bytes, algorithm: str | None) -> "KeySet":
        """Parse a key set; if `algorithm` is not None, keys for other algorithms are passed over.

        Raises:
            ValueError: the document is not a key set, or has no usable key.
        """
        try:
            members = msgspec.json.decode(document, type=_Document).keys
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise ValueError("what came is not a JSON Web Key Set") from error
        keys, passed_over = list[PublishedKey](), list[str]()
        for place, jwk in enumerate(members):
            try:
                key = _published_key(jwk, algorithm)
            except Exception as flaw:  # noqa: BLE001  # one unreadable key must not cost the others
                passed_over.append(f"key {place} ({str(jwk.get('kid'))[:64]!r}): {flaw}")
            else:
                keys += [key] if key not in keys else []
        names = Counter((one.kid, one.key.algorithm) for one in keys)
        passed_over += [
            f"{count} keys for {bound} are called {kid!r}" for (kid, bound), count in names.items() if count > 1
        ]
        clear = tuple(one for one in keys if names[one.kid, one.key.algorithm] == 1)
        if not clear:
            raise ValueError("; ".join(["no key in the set can be used", *passed_over]))
        return cls(clear, tuple(passed_over))

    def __str__(self) -> str:
        return ", ".join(f"{one.kid!r} ({one.key.algorithm})" for one in self.keys)

    def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        """Return the key with this `kid` for the algorithm; if `kid` is None, the only key for it.

        Raises:
            LookupError: there is no such key, or more than one.
        """
        suited = [one for one in self.keys if algorithm in one.key.names]
        if not suited:
            raise LookupError("no published key is for its algorithm (alg)")
        found = [one.key for one in suited if kid in (None, one.kid)]
        if not found:
            raise LookupError("no published key for its algorithm (alg) has its name (kid)")
        if len(found) > 1:
            raise LookupError("it names no key (kid), and more than one is published for its algorithm (alg)")
        return found[0]


def _published_key(jwk: Jwk, algorithm: str | None) -> PublishedKey:
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        raise ValueError("is not for signatures")
    kid = jwk.get("kid")
    if not isinstance(kid, str | None):
        raise TypeError("its kid is not a text")
    if jwk.get("kty") == "oct":
        raise ValueError("is a secret, and now published")
    if "d" in jwk:
        raise ValueError("is a private key, and now published")
    possible = _ALGORITHMS.get((jwk.get("kty", ""), jwk.get("crv")), ())
    if not possible:
        raise ValueError("is of a type that is not known here")
    bound: str = jwk.get("alg") or (algorithm if algorithm and algorithm in possible else possible[0])
    if bound not in possible:
        raise ValueError(f"cannot be for {bound}")
    key = VerificationKey.of(bound, algorithm_named(bound).from_jwk(jwk))
    if algorithm is not None and algorithm not in key.names:
        raise ValueError(f"is for {bound}, not for {algorithm}")
    return PublishedKey(kid, key)
