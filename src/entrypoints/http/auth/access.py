"""What an access token allows: scopes (RFC 6749, 3.3)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from darkroom.domain.model.limits import Caller
from darkroom.entrypoints.http.errors import Forbidden

READ: Final = "images:read"
WRITE: Final = "images:write"
USAGE: Final = "usage:read"
SCOPES: Final = (READ, WRITE, USAGE)
CALLERS: Final = frozenset({READ, WRITE})
"""What every good token allows, unless the operator has tokens name their scopes."""

SCOPE_CLAIM: Final = "scope"
"""The claim of RFC 8693, 4.2: it is read for `usage:read` if the operator names no other."""

_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")  # RFC 9110, 9.2.1


@dataclass(frozen=True, slots=True)
class Access:
    """Who calls, and the scopes that the token allows."""

    caller: Caller
    scopes: frozenset[str] = CALLERS

    def require(self, scope: str) -> None:
        """Go on only with that scope.

        Raises:
            Forbidden: the token does not have it.
        """
        if scope not in self.scopes:
            raise Forbidden(f"the token lacks the scope {scope}", scope=scope)


def scope_for(method: str) -> str:
    """The scope that a request needs: by its method, so that no endpoint can be forgotten."""
    return READ if method in _SAFE_METHODS else WRITE


def allowed_by(payload: Mapping[str, object], claims: Sequence[str], prefix: str) -> frozenset[str]:
    """The scopes that the claims of a token allow, without the prefix that those of this service begin with.

    Without claims to look at, that is what every token allows, and `usage:read` if the token's `scope` names it.

    Raises:
        ValueError: a claim is of another type than scopes are; the message names it.
    """
    if not claims:
        granted: frozenset[str] = frozenset()
        with suppress(ValueError):  # of an issuer whose scopes mean nothing here
            granted = _scopes_in(SCOPE_CLAIM, payload)
        return CALLERS | (granted & {USAGE})
    found = frozenset[str]().union(*(_scopes_in(claim, payload) for claim in claims))
    return frozenset(scope.removeprefix(prefix) for scope in found if scope.startswith(prefix))


def _scopes_in(name: str, payload: Mapping[str, object]) -> frozenset[str]:
    """A text with blanks between the scopes, a list, or an object of objects, which is how Zitadel asserts roles."""
    match payload.get(name):
        case None:
            return frozenset()
        case str(text):
            return frozenset(text.split(" "))
        case list(scopes) if all(isinstance(scope, str) for scope in scopes):
            return frozenset(scopes)
        case tuple(members) if all(isinstance(organisations, tuple) for _, organisations in members):
            return frozenset(role for role, _ in members)
        case _:
            raise ValueError(f"{name} must be a text or a list of texts, and is neither")
