"""Access tokens that Darkroom itself issued, for callers without an identity provider."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.limits import Caller


@dataclass(frozen=True, slots=True)
class TokenName:
    """The name by which the operator knows a token."""

    MAX_LENGTH: ClassVar = 64

    value: str

    def __post_init__(self) -> None:
        printable = self.value.isprintable() and self.value == self.value.strip()
        if not printable or not 1 <= len(self.value) <= self.MAX_LENGTH:
            raise InvalidValue(f"must be 1 to {self.MAX_LENGTH} printable characters without blanks around them")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """The record of a token, without the token itself. `jti` is its id (RFC 7519, 4.1.7)."""

    name: str
    jti: str
    caller: Caller
    scopes: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
