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
"""The scopes of every valid token, unless the operator requires tokens to name their scopes."""

SCOPE_CLAIM: Final = "scope"
"""The claim of RFC 8693, 4.2; `usage:read` is read from it if the operator names no other claim."""

_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")  # RFC 9110, 9.2.1


@dataclass(frozen=True, slots=True)
class Access:
    """The caller, and the scopes of its token."""

    caller: Caller
    scopes: frozenset[str] = CALLERS

    def require(self, scope: str) -> None:
        """Check that the token has the scope.

        Raises:
            Forbidden: it does not.
        """
        if scope not in self.scopes:
            raise Forbidden(f"the token lacks the scope {scope}", scope=scope)


def scope_for(method: str) -> str:
    """Return the scope that a request needs. It depends on the method only, so that no endpoint can be forgotten."""
    return READ if method in _SAFE_METHODS else WRITE


def allowed_by(payload: Mapping[str, object], claims: Sequence[str], prefix: str) -> frozenset[str]:
    """Return the scopes that a token's claims grant here: those that begin with `prefix`, without it.

    If `claims` is empty, every token has the scopes `CALLERS`, and `usage:read` if its claim `scope` names it.

    Raises:
        ValueError: a claim has a type that cannot hold scopes; the message names the claim.
    """
    if not claims:
        granted: frozenset[str] = frozenset()
        with suppress(ValueError):  # the issuer may use the claim for something else
            granted = _scopes_in(SCOPE_CLAIM, payload)
        return CALLERS | (granted & {USAGE})
    found = frozenset[str]().union(*(_scopes_in(claim, payload) for claim in claims))
    return frozenset(scope.removeprefix(prefix) for scope in found if scope.startswith(prefix))


def _scopes_in(name: str, payload: Mapping[str, object]) -> frozenset[str]:
    """Return the scopes of a claim: a string separated by blanks, a list, or Zitadel's object of objects for roles."""
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
            raise ValueError(f"{name} must be a string or a list of strings, and is neither")
