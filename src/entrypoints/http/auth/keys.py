"""The keys that signatures are verified with, each bound to one algorithm (RFC 8725, 3.1)."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol, Self

import jwt
from jwt.algorithms import AllowedPublicKeys


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key and the one algorithm that it verifies, by its name in RFC 7518."""

    algorithm: str
    material: AllowedPublicKeys | bytes

    @classmethod
    def of(cls, algorithm: str, material: object) -> Self:
        """Bind a key to an algorithm.

        Raises:
            ValueError: it is a private key, or too weak.
        """
        if hasattr(material, "private_bytes"):
            raise ValueError("this is a private key; tokens are verified with the public one")
        if weakness := jwt.get_algorithm_by_name(algorithm).check_key_length(material):
            raise ValueError(weakness)
        return cls(algorithm, material)  # type: ignore[arg-type]  # pyjwt types its keys as anything


class KeySource(Protocol):
    """Keeps the keys that signatures are verified with."""

    @abstractmethod
    async def key(self, kid: str | None, algorithm: str) -> VerificationKey:
        """The key for an algorithm that a token names by its `kid`; where it names none, the only one.

        Raises:
            LookupError: there is no such key, or more than one.
            KeysUnavailable: nobody knows at the moment.
        """


class OneKey(KeySource):
    """The one key that the operator has set."""

    def __init__(self, key: str | bytes, algorithm: str) -> None:
        """`key`: the bytes of the secret for the HS algorithms, a public key in PEM for the others.

        Raises:
            ValueError: the key does not suit the algorithm, or is too weak for it.
        """
        try:
            material = jwt.get_algorithm_by_name(algorithm).prepare_key(key)
        except (jwt.InvalidKeyError, ValueError, TypeError) as error:
            raise ValueError(f"this is no key for {algorithm}") from error
        self._key = VerificationKey.of(algorithm, material)

    async def key(self, kid: str | None, algorithm: str) -> VerificationKey:  # noqa: ARG002  # there is but one
        if algorithm != self._key.algorithm:
            raise LookupError("another algorithm")
        return self._key
