"""The S3 client of a process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, Protocol, cast

from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import get_session
from aiobotocore.utils import AioContainerMetadataFetcher, AioIMDSFetcher, _RefCountedSessionMixin
from botocore.exceptions import BotoCoreError
from botocore.utils import get_environ_proxies

from darkroom.adapters.outbound_http.idle_connections import longest_idle
from darkroom.adapters.storages.s3.models import ModelLoader
from darkroom.domain.model.errors import StorageFault

Addressing = Literal["auto", "path", "virtual"]

_CONNECT_TIMEOUT: Final = 5.0  # seconds
# Seconds without data; short enough that after a dead pooled connection a second try fits into the deadline.
_READ_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True, repr=False)
class S3Keys:
    """The keys of an account; with a `token` they are temporary."""

    access_key: str
    secret_key: str
    token: str | None = None

    @property
    def parameters(self) -> dict[str, str | None]:
        """The keys as parameters of botocore's `create_client`."""
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.token,
        }


class S3Meta(Protocol):
    """The settings of a client."""

    endpoint_url: str
    region_name: str


class S3Client(Protocol):
    """The part that we use of the client, whose class botocore generates; parameters are those of the S3 API."""

    meta: S3Meta

    async def generate_presigned_url(self, operation: str, /, **parameters: object) -> str: ...


class StayingSession(AIOHTTPSession):  # type: ignore[misc]  # not typed
    """An HTTP session that follows no redirect.

    aiobotocore's session, unlike botocore's, repeats the request at any origin that a response names, with its body and
    the session token of temporary credentials, and returns that origin's response as that of S3.
    """

    async def _get_session(self, proxy_url: str | None) -> "_Staying":
        return _Staying(await super()._get_session(proxy_url))


class _Staying:
    def __init__(self, session: Any) -> None:  # noqa: ANN401  # aiohttp's, with arguments that are aiobotocore's
        self.request = partial(session.request, allow_redirects=False)


class _StayingFetches(_RefCountedSessionMixin, StayingSession):  # type: ignore[misc]  # not typed
    """As `StayingSession`, for the requests for credentials to the metadata service of an instance or container."""


def _stay_when_fetching_credentials(session: Any) -> None:  # noqa: ANN401  # aiobotocore's, not typed
    """Replace the HTTP sessions of the credential fetchers, which create their own, by ones that follow no redirect."""
    for provider in session.get_component("credential_provider").providers:
        for name in ("_role_fetcher", "_fetcher"):
            fetcher = getattr(provider, name, None)
            if isinstance(fetcher, AioIMDSFetcher):
                proxies = get_environ_proxies(fetcher._base_url)  # noqa: SLF001  # as the fetcher itself does
                fetcher._session = _StayingFetches(timeout=fetcher._timeout, proxies=proxies)  # noqa: SLF001  # there is no parameter for it
            elif isinstance(fetcher, AioContainerMetadataFetcher):
                fetcher._session = _StayingFetches(timeout=fetcher.TIMEOUT_SECONDS)  # noqa: SLF001  # the same


@asynccontextmanager
async def open_s3_client(
    *,
    region: str,
    endpoint_url: str | None = None,
    addressing: Addressing = "auto",
    connections: int = 64,
    trust_env: bool = False,
    keys: S3Keys | None = None,
) -> AsyncIterator[S3Client]:
    """Yield a client for a region of AWS, or for an S3-compatible server at `endpoint_url`.

    Without `keys`, credentials come from botocore's provider chain, when the client is opened. `connections` is the
    size of the connection pool; `trust_env`: honour HTTPS_PROXY and similar variables.

    Raises:
        StorageFault: no client can be made with these parameters.
    """
    config = AioConfig(
        signature_version="s3v4",  # otherwise links in us-east-1 would be signed with version 2
        s3={
            # "auto" would use the global host in links; for new buckets it redirects to their region, which breaks
            # links.
            "addressing_style": "virtual" if addressing == "auto" and endpoint_url is None else addressing,
            "us_east_1_regional_endpoint": "regional",
        },
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        max_pool_connections=connections,
        connector_args={"keepalive_timeout": longest_idle(_READ_TIMEOUT)},
        proxies=None if trust_env else {},
        ignore_configured_endpoint_urls=True,  # the endpoint is a setting of Darkroom
        http_session_cls=StayingSession,
    )
    session = get_session()
    session.register_component("data_loader", ModelLoader(session.get_component("data_loader").search_paths))
    # For the clients that the credential chain creates: they send tokens too.
    session.set_default_client_config(AioConfig(http_session_cls=StayingSession))
    async with AsyncExitStack() as opened:
        try:
            if keys is None:
                _stay_when_fetching_credentials(session)
            client = session.create_client(
                "s3",
                region_name=region,
                endpoint_url=endpoint_url,
                config=config,
                **({} if keys is None else keys.parameters),
            )
            client = await opened.enter_async_context(client)
        except (BotoCoreError, ValueError) as error:
            raise StorageFault(f"no S3 client can be made: {error}") from error
        yield cast("S3Client", client)
