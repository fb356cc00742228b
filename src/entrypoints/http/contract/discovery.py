"""Finding an issuer's keys by its name (OpenID Connect Discovery 1.0, 4)."""

from collections.abc import Awaitable, Callable

import msgspec

from darkroom.entrypoints.http.errors import KeysUnavailable

Get = Callable[[str], Awaitable[bytes]]
"""Gives the document at an address, or raises KeysUnavailable, which says why for the operator."""


class Configuration(msgspec.Struct, frozen=True):
    """What an issuer publishes of itself; endpoints for people are None if it has none."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None


async def keys_of(issuer: str, get: Get) -> bytes:
    """The key set of an issuer, wherever it says that it is; asked anew each time, since it may move.

    Raises:
        KeysUnavailable: it cannot be had, and why.
    """
    return await get((await configuration_of(issuer, get)).jwks_uri)


async def configuration_of(issuer: str, get: Get) -> Configuration:
    """The configuration of an issuer.

    Raises:
        KeysUnavailable: it cannot be had, and why.
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
