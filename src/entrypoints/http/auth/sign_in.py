"""Sign-in on the page: what the page has to know about the issuer (OpenID Connect Core 1.0, 3.1)."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from darkroom.entrypoints.http.contract.discovery import Configuration
from darkroom.entrypoints.http.errors import KeysUnavailable

_ADDRESS: Final = re.compile(r"(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?")


@dataclass(frozen=True, slots=True)
class SignIn:
    """How people sign in on the page: by an authorization code with PKCE (RFC 7636), as the public client `client_id`.

    `scope` is the scope that the page requests, `audience` the required audience of its tokens. The endpoints are the
    issuer's.
    """

    issuer: str
    client_id: str
    scope: str
    audience: str
    authorization_endpoint: str
    token_endpoint: str

    @classmethod
    def at(cls, issuer: Configuration, *, client_id: str, scope: str, audience: str) -> Self:
        """Make one from the configuration of an issuer.

        Raises:
            KeysUnavailable: it names no endpoint for signing in, or one whose address is malformed or not secure.
        """
        return cls(
            issuer=issuer.issuer,
            client_id=client_id,
            scope=scope,
            audience=audience,
            authorization_endpoint=_endpoint(issuer, "authorization_endpoint", issuer.authorization_endpoint),
            token_endpoint=_endpoint(issuer, "token_endpoint", issuer.token_endpoint),
        )

    @property
    def origin(self) -> str:
        """The origin that the page calls to exchange a code for a token."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.token_endpoint))


def _endpoint(issuer: Configuration, name: str, address: str | None) -> str:
    found = _ADDRESS.fullmatch(address or "")
    if not found or (issuer.issuer.startswith("https:") and found[1] != "https"):
        raise KeysUnavailable(f"{issuer.issuer} names no usable {name} for signing in: {(address or '')[:200]!r}")
    return found[0]
