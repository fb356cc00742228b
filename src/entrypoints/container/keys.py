"""The keys of access tokens: the secret that signs them, a public key, or the keys that the issuer publishes."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from darkroom.entrypoints.container.data_folder import JWT_SECRET, data_folder, own_secret
from darkroom.entrypoints.container.upkeep import kept_up
from darkroom.entrypoints.container.watching import Watching
from darkroom.entrypoints.http.auth.keys import KeySource, OneKey
from darkroom.entrypoints.http.auth.published_keys import PublishedKeys
from darkroom.entrypoints.http.contract.discovery import Get, keys_of
from darkroom.entrypoints.http.errors import KeysUnavailable
from darkroom.entrypoints.settings import BadSettings, Settings


def missing_secret(settings: Settings) -> Path | None:
    """Return the file of the development secret if it is in use but missing; else None.

    Raises:
        BadSettings: the data folder cannot be used.
    """
    if not settings.tokens.development:
        return None
    file = data_folder(settings) / JWT_SECRET
    return None if file.exists() else file


def signing_secret(settings: Settings) -> bytes:
    """Return the secret that signs tokens: the one in the settings, else the one that this machine has made.

    Raises:
        BadSettings: only the issuer can sign tokens with these settings, or the secret can be neither read nor made.
    """
    tokens = settings.tokens
    if tokens.published:
        raise BadSettings(
            f"{tokens.source} must be left out to make tokens here: the issuer that publishes the keys makes them"
        )
    if not tokens.symmetric:
        raise BadSettings(
            f"DARKROOM_JWT_ALGORITHM must be HS256, HS384 or HS512 to make tokens here: "
            f"those by {tokens.algorithm} are made by the holder of the private key"
        )
    return tokens.secret.value.encode() if tokens.secret else own_secret(settings, JWT_SECRET)


@asynccontextmanager
async def open_keys(settings: Settings, watching: Watching | None = None) -> AsyncIterator[KeySource]:
    """Yield the keys for verifying tokens, refreshed within the block; `watching` shows the age of published keys.

    Raises:
        BadSettings: the key does not suit the algorithm.
        KeysUnavailable: no keys could be fetched from the issuer; it gives the reason.
    """
    if not settings.tokens.published:
        yield _one_key(settings)
        return
    async with open_published_keys(settings) as keys, kept_up(keys.keep_fresh, keys.pause, pause_first=True):
        if watching:
            watching.keys(keys)
        yield keys


def _one_key(settings: Settings) -> OneKey:
    tokens = settings.tokens
    try:
        return OneKey(tokens.public_key or signing_secret(settings), tokens.algorithm)
    except ValueError as reason:
        name = "DARKROOM_JWT_SECRET" if tokens.symmetric else "DARKROOM_JWT_PUBLIC_KEY"
        raise BadSettings(f"{name} cannot be used: {reason}") from reason


@asynccontextmanager
async def open_published_keys(
    settings: Settings, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[PublishedKeys]:
    """Yield the keys that the issuer publishes, fetched once; `clock` counts seconds.

    Raises:
        KeysUnavailable: no keys could be fetched; it gives the reason.
    """
    tokens = settings.tokens
    async with open_documents(trust_env=settings.generators.trust_env) as get:
        fetch = partial(get, tokens.jwks_url) if tokens.jwks_url else partial(keys_of, tokens.issuer, get)
        keys = PublishedKeys(fetch, algorithm=tokens.algorithm_set, max_age=tokens.keys_max_age, clock=clock)
        await keys.keep_fresh()
        try:
            keys.current()
        except KeysUnavailable as fault:
            raise KeysUnavailable(f"{tokens.source} leads to no keys: {fault}") from fault
        yield keys


@asynccontextmanager
async def open_documents(*, trust_env: bool) -> AsyncIterator[Get]:
    """Yield a function that fetches documents of an issuer; `trust_env`: use the proxy that the environment names."""
    from darkroom.adapters.published_documents import DocumentUnavailable, open_published_documents

    async with open_published_documents(trust_env=trust_env) as documents:

        async def get(url: str) -> bytes:
            try:
                return await documents.get(url)
            except DocumentUnavailable as fault:
                raise KeysUnavailable(str(fault)) from fault

        yield get
