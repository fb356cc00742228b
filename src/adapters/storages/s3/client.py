"""The one S3 client of a process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Literal, Protocol, cast

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError

from darkroom.adapters.storages.s3.models import ModelLoader
from darkroom.adapters.watching.trace_context import trace_headers
from darkroom.domain.model.errors import StorageFault

Addressing = Literal["auto", "path", "virtual"]

_CONNECT_TIMEOUT: Final = 5.0  # seconds
# Seconds of silence, so few that a dead connection from the pool leaves time for another try before the deadline.
_READ_TIMEOUT: Final = 10.0


class S3Meta(Protocol):
    """What a client knows of itself."""

    endpoint_url: str
    region_name: str


class S3Client(Protocol):
    """What we call of the client that botocore makes up as it runs. The parameters are those of the S3 API."""

    meta: S3Meta

    async def get_object(self, **parameters: object) -> Mapping[str, Any]: ...
    async def delete_object(self, **parameters: object) -> Mapping[str, Any]: ...
    async def list_objects_v2(self, **parameters: object) -> Mapping[str, Any]: ...
    async def generate_presigned_url(self, operation: str, /, **parameters: object) -> str: ...


@asynccontextmanager
async def open_s3_client(
    *,
    region: str,
    endpoint_url: str | None = None,
    addressing: Addressing = "auto",
    connections: int = 64,
    trust_env: bool = False,
) -> AsyncIterator[S3Client]:
    """Open a client for a region of AWS, or for an S3-compatible server at `endpoint_url`.

    Credentials come from botocore's usual chain, asked when the first request is signed. `connections`: how many at
    once at the most; `trust_env`: whether HTTPS_PROXY and its like are followed.

    Raises:
        StorageFault: no client can be made of these.
    """
    config = AioConfig(
        signature_version="s3v4",  # else links in us-east-1 are signed by the old one
        s3={
            # "auto" would name the global host in links, which redirects to a new bucket's region and breaks them.
            "addressing_style": "virtual" if addressing == "auto" and endpoint_url is None else addressing,
            "us_east_1_regional_endpoint": "regional",
            # Each upload carries a signed checksum of its bytes: hashing them once more would add nothing.
            "payload_signing_enabled": False,
        },
        # botocore's own checksum takes an encoding of the body that not every S3-compatible server knows.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # One more, for a connection of the pool that died meanwhile; patience is the domain's.
        retries={"mode": "standard", "total_max_attempts": 2},
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        max_pool_connections=connections,
        proxies=None if trust_env else {},
        ignore_configured_endpoint_urls=True,  # the endpoint is a setting of ours
    )
    async with AsyncExitStack() as opened:
        try:
            client = _session().create_client("s3", region_name=region, endpoint_url=endpoint_url, config=config)
            client = await opened.enter_async_context(client)
        except (BotoCoreError, ValueError) as error:
            raise StorageFault(f"no S3 client can be made: {error}") from error
        client.meta.events.register_last("before-parameter-build.s3", _stay_in_region)
        client.meta.events.register_last("before-send.s3", _carry_trace_on)
        yield cast("S3Client", client)


def _session() -> Any:  # noqa: ANN401  # not typed
    session = get_session()
    session.register_component("data_loader", ModelLoader(session.get_component("data_loader").search_paths))
    return session


def _carry_trace_on(request: Any, **_: object) -> None:  # noqa: ANN401  # not typed
    """After signing, since whoever stands between may change it."""
    request.headers.update(trace_headers())


def _stay_in_region(context: dict[str, Any], **_: object) -> None:
    """Tell a wrong region instead of following the bucket into its own, where links would not follow."""
    context["s3_redirect"]["redirected"] = True
