"""A certified OpenID provider, oidc-provider from npm, in a separate process."""

from __future__ import annotations

from pathlib import Path

import httpx

from servers.node import NODE, installed
from servers.ports import LOOPBACK, free_port
from servers.process import Process

SOURCE = Path(__file__).with_name("openid")
AUDIENCE = "https://images.example.com"


class OpenIdProvider(Process):
    """A provider that signs access tokens; it listens once `wait_until_ready` returns.

    Args:
        folder: The folder that it is installed in if it does not exist.
        algorithm: The signature algorithm: RS256, ES256, EdDSA or Ed25519.
        page: The URL of a page that signs people in, as the client `page`. Any name and password are accepted.
    """

    def __init__(self, folder: Path, algorithm: str, *, page: str | None = None) -> None:
        self.port = free_port()
        place = folder if folder.exists() else installed(SOURCE, folder)
        super().__init__([NODE, "provider.mjs", str(self.port), algorithm, *filter(None, [page])], folder=place)

    @property
    def issuer(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def wait_until_ready(self) -> None:
        self.wait_for("^ready$")

    def token(self, client: str, *, scope: str, audience: str = AUDIENCE) -> str:
        """Return an access token for a client: `painter` may request both scopes, `viewer` only `images:read`."""
        answer = httpx.post(
            f"{self.issuer}/token",
            auth=(client, f"the secret of the {client}"),
            data={"grant_type": "client_credentials", "scope": scope, "resource": audience},
            timeout=30,
            trust_env=False,
        )
        granted: str = answer.raise_for_status().json()["access_token"]
        return granted
