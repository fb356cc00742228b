"""What an access token allows: scopes (RFC 6749, 3.3), where the operator has tokens say them."""

from dataclasses import dataclass
from typing import Final

from darkroom.domain.model.limits import Caller
from darkroom.entrypoints.http.errors import Forbidden

READ: Final = "images:read"
WRITE: Final = "images:write"
SCOPES: Final = (READ, WRITE)

_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")  # RFC 9110, 9.2.1


@dataclass(frozen=True, slots=True)
class Access:
    """Who calls, and the scopes of the token; None where tokens say nothing of scopes here."""

    caller: Caller
    scopes: frozenset[str] | None = None

    def require(self, scope: str) -> None:
        """Go on only with that scope.

        Raises:
            Forbidden: the token does not have it.
        """
        if self.scopes is not None and scope not in self.scopes:
            raise Forbidden(f"the token lacks the scope {scope}", scope=scope)


def scope_for(method: str) -> str:
    """The scope that a request needs: by its method, so that no endpoint can be forgotten."""
    return READ if method in _SAFE_METHODS else WRITE


def scopes_in(claim: object) -> frozenset[str]:
    """The scopes that a claim holds: a text with blanks between them (RFC 8693, 4.2) or a list; left out, none.

    Raises:
        ValueError: it is neither.
    """
    match claim:
        case None:
            return frozenset()
        case str():
            return frozenset(claim.split(" "))
        case list() if all(isinstance(scope, str) for scope in claim):
            return frozenset(claim)
        case _:
            raise ValueError("the scopes are neither a text nor a list of texts")
