"""Opens the storages by name. Only the one in use is imported: the client for S3 is large."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from darkroom.domain.ports import ImageStorage
from darkroom.entrypoints.container import plugins
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.data_folder import LINK_KEY, data_folder, own_secret
from darkroom.entrypoints.http.signed_files import FILES, SignedFiles
from darkroom.entrypoints.settings import BadSettings, S3Settings, Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A storage; `files` serves its links if it has no web server of its own, else None."""

    storage: ImageStorage
    files: SignedFiles | None = None


Opener = Callable[[Settings], AbstractAsyncContextManager[Opened]]


def open_storage(settings: Settings) -> AbstractAsyncContextManager[Opened]:
    """Return the opener of the storage that the settings name.

    Raises:
        BadSettings: there is no such storage.
        StorageFault: (on entering) it cannot be opened with these settings; it gives the reason.
    """
    name = settings.storage.kind
    if opener := STORAGES.get(name):
        return opener(settings)
    elsewhere = plugins.offered(plugins.STORAGES)
    if name in elsewhere:
        return _open_from_elsewhere(name)
    *known, last = [*STORAGES, *elsewhere]
    raise BadSettings(f"DARKROOM_STORAGE must be {', '.join(known)} or {last}, not {name!r}")


def key_prefix(settings: Settings) -> str:
    """Return the prefix of the keys of images."""
    return settings.of(S3Settings).prefix if settings.storage.kind == "s3" else ""


def image_files(settings: Settings) -> Mapping[str, Path]:
    """Return the folder of the images on this machine, by the prefix of the links to them.

    The rest of a link's path is the name of the file. Empty if the storage is not on disk.
    """
    if settings.storage.kind != "disk":
        return {}
    return {f"{settings.service.public_url}{FILES}/": _image_folder(settings)}


def _image_folder(settings: Settings) -> Path:
    return data_folder(settings) / "images"


@asynccontextmanager
async def _open_from_elsewhere(name: str) -> AsyncIterator[Opened]:
    async with plugins.open_plugin(plugins.STORAGES, name, ImageStorage) as storage:
        yield Opened(storage)


@asynccontextmanager
async def _open_disk(settings: Settings) -> AsyncIterator[Opened]:
    from darkroom.adapters.storages.disk import DiskImageStorage, SignedLinks

    links = SignedLinks(
        secret=own_secret(settings, LINK_KEY),
        base_url=settings.service.public_url + FILES,
        ttl=timedelta(seconds=settings.storage.link_ttl),
    )
    storage = DiskImageStorage(_image_folder(settings), links=links, clock=now)
    yield Opened(storage, files=storage)


@asynccontextmanager
async def _open_s3(settings: Settings) -> AsyncIterator[Opened]:
    from darkroom.adapters.storages.s3 import PresignedLinks, PublicLinks, S3ImageStorage, S3Keys, open_s3_client

    s3 = settings.of(S3Settings)
    for name in s3.in_plain_text:
        log.warning("%s is plain http: anyone on the way can read images and their signed links", name)
    keys = None
    if s3.access_key and s3.secret_key:
        token = s3.session_token.value if s3.session_token else None
        keys = S3Keys(s3.access_key.value, s3.secret_key.value, token)
    client_at = partial(
        open_s3_client,
        region=s3.region,
        addressing=s3.addressing,
        trust_env=settings.generators.trust_env,
        keys=keys,
    )
    async with AsyncExitStack() as opened:
        client = await opened.enter_async_context(client_at(endpoint_url=s3.endpoint_url))
        links: PresignedLinks | PublicLinks
        if s3.public_base_url:
            links = PublicLinks(s3.public_base_url)
        else:
            reader = client
            if s3.public_endpoint_url:
                reader = await opened.enter_async_context(client_at(endpoint_url=s3.public_endpoint_url))
            links = PresignedLinks(reader, s3.bucket, settings.storage.link_ttl)
        yield Opened(
            S3ImageStorage(
                client,
                bucket=s3.bucket,
                prefix=s3.prefix,
                links=links,
                conditions=s3.conditional_writes,
                checksums=s3.checksums,
            )
        )


STORAGES: Final[Mapping[str, Opener]] = {
    "disk": _open_disk,
    "s3": _open_s3,
}
