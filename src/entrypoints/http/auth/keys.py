"""The keys for verifying signatures, each bound to one algorithm (RFC 8725, 3.1)."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import Algorithm, AllowedPublicKeys, OKPAlgorithm

EDWARDS: Final[Mapping[str, type]] = {"Ed25519": Ed25519PublicKey, "Ed448": Ed448PublicKey}
"""The names that RFC 9864 gives to EdDSA with one curve, and the keys on that curve."""

_EDDSA: Final = "EdDSA"


def algorithm_named(name: str) -> Algorithm:
    """Return pyjwt's implementation of an algorithm, by its name in RFC 7518, RFC 8037 or RFC 9864."""
    return OKPAlgorithm() if name in EDWARDS else jwt.get_algorithm_by_name(name)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key and the one algorithm that it is for; `names` are the values of `alg` that tokens may use for it."""

    algorithm: str
    material: AllowedPublicKeys | bytes
    names: frozenset[str]

    @classmethod
    def of(cls, algorithm: str, material: object) -> Self:
        """Bind a key to an algorithm.

        Raises:
            ValueError: it is a private key, too weak, or on another curve than the one that the algorithm names.
        """
        if hasattr(material, "private_bytes"):
            raise ValueError("this is a private key; tokens are verified with the public one")
        if weakness := algorithm_named(algorithm).check_key_length(material):
            raise ValueError(weakness)
        names = {algorithm}
        for curve, kind in EDWARDS.items():
            if isinstance(material, kind):
                names = {_EDDSA, curve}
        if algorithm not in names:
            raise ValueError(f"this is not a key for {algorithm}")
        # A key that is published under both names of its algorithm must compare equal.
        bound = _EDDSA if _EDDSA in names else algorithm
        return cls(bound, material, frozenset(names))  # type: ignore[arg-type]  # pyjwt types its keys as anything


class KeySource(Protocol):
    """Provides the keys for verifying signatures."""

    @abstractmethod
    async def key(self, kid: str | None, algorithm: str) -> VerificationKey:
        """Return the key with the token's `kid` for the algorithm; if `kid` is None, the only key for it.

        Raises:
            LookupError: there is no such key, or more than one; the message does not quote the token.
            KeysUnavailable: the keys are not available at present.
        """


class OneKey(KeySource):
    """The single key that the operator has set."""

    def __init__(self, key: str | bytes, algorithm: str) -> None:
        """Load `key`: the bytes of the secret for HS algorithms, a public key in PEM for the others.

        Raises:
            ValueError: the key does not suit the algorithm, or is too weak for it.
        """
        try:
            material = algorithm_named(algorithm).prepare_key(key)
        except (jwt.InvalidKeyError, ValueError, TypeError) as error:
            raise ValueError(f"this is not a key for {algorithm}") from error
        self._key = VerificationKey.of(algorithm, material)

    async def key(self, kid: str | None, algorithm: str) -> VerificationKey:  # noqa: ARG002  # there is but one
        if algorithm not in self._key.names:
            raise LookupError("its algorithm (alg) is not that of the key that is set")
        return self._key
