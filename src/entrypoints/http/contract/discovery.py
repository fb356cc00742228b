"""Finds an issuer's configuration and keys by its name (OpenID Connect Discovery 1.0, 4)."""

from collections.abc import Awaitable, Callable

import msgspec

from darkroom.entrypoints.http.errors import KeysUnavailable

Get = Callable[[str], Awaitable[bytes]]
"""Returns the document at an address, or raises KeysUnavailable with the reason for the operator."""


class Configuration(msgspec.Struct, frozen=True):
    """The configuration that an issuer publishes; an endpoint for sign-in is None if it names none."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None


async def keys_of(issuer: str, get: Get) -> bytes:
    """Return an issuer's key set. Its address is looked up each time, since it may change.

    Raises:
        KeysUnavailable: the configuration or the key set cannot be fetched; it gives the reason.
    """
    return await get((await configuration_of(issuer, get)).jwks_uri)


async def configuration_of(issuer: str, get: Get) -> Configuration:
    """Return the configuration of an issuer.

    Raises:
        KeysUnavailable: it cannot be fetched, is another issuer's, or names an insecure address; it gives the reason.
    """
    where = issuer.removesuffix("/") + "/.well-known/openid-configuration"
    try:
        found = msgspec.json.decode(await get(where), type=Configuration)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise KeysUnavailable(f"what came from {where} is not an OpenID configuration") from error
    if found.issuer != issuer:  # 4.3: it MUST be identical
        raise KeysUnavailable(f"{where} speaks for another issuer: {found.issuer[:200]!r}")
    if issuer.startswith("https:") and not found.jwks_uri.startswith("https:"):
        raise KeysUnavailable(f"{where} names keys that are not at an https address")
    return found
