"""Translation of S3's errors, and of those of the connection to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import urlsplit

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from darkroom.domain.model.errors import StorageFault, StorageRefused

# Error codes: "Error responses" of the Amazon S3 API reference.
_MISSING: Final = {"NoSuchBucket"}
_DENIED: Final = {"AccessDenied", "AllAccessDisabled", "AccountProblem"}
_WHO: Final = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired"}
# These codes mean that the bucket is in another region. Other errors may name a region too: that of the server.
_ELSEWHERE: Final = {
    "PermanentRedirect",
    "TemporaryRedirect",
    "Redirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
}
_REDIRECTS: Final = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.TEMPORARY_REDIRECT)
_BUSY: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
# Temporary errors, whatever their status: S3 sends most of these with 400.
_BROKE_OFF: Final = {"RequestTimeout", "IncompleteBody", "ConnectionClosedByRequester", "ClientDisconnected"}
_DAMAGED_ON_THE_WAY: Final = {"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
_NOT_NOW: Final = {
    *("InternalError", "ServiceUnavailable", "OperationAborted", "SlowDown", "TooManyRequests", "RequestThrottled"),
    *("TooManyRequestsException", "RequestThrottledException", "Throttling", "ThrottlingException"),
    *("ThrottledException", "RequestLimitExceeded", "BandwidthLimitExceeded"),
}
_LONGEST_MESSAGE: Final = 200  # characters of a server's message


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and the endpoint and region where it is expected."""

    name: str
    endpoint_url: str
    region: str

    def __str__(self) -> str:
        return f"the bucket {self.name} at {self.endpoint_url}"

    @asynccontextmanager
    async def faults(self, deadline: float) -> AsyncIterator[None]:
        """Raise every error in the block as a `StorageFault`, also if it takes longer than `deadline` seconds.

        A refusal that lasts until a setting is changed, here or at the server, is raised as `StorageRefused`.
        """
        try:
            async with asyncio.timeout(deadline):
                yield
        except (TimeoutError, ConnectTimeoutError, ReadTimeoutError) as error:
            raise StorageFault(f"{self.endpoint_url} does not answer in time") from error
        except ClientError as error:
            kind = StorageFault if passes(error) else StorageRefused
            raise kind(self._refusal(error)) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise StorageRefused(f"there are no credentials for {self}: {error}") from error
        except CredentialRetrievalError as error:
            raise StorageFault(f"there are no credentials for {self}: {error}") from error
        except (EndpointConnectionError, HTTPClientError, aiohttp.ClientError, OSError) as error:
            raise StorageFault(f"{self.endpoint_url} cannot be reached, or closed the connection: {error}") from error
        except BotoCoreError as error:
            kind = StorageRefused if isinstance(error, ParamValidationError) else StorageFault
            raise kind(f"{self} cannot be used: {error}") from error
        except (ResponseParserError, LookupError, ValueError) as error:
            raise StorageRefused(f"what answers at {self.endpoint_url} is not an S3 server: {error!r}") from error

    def _refusal(self, error: ClientError) -> str:
        said = error.response["Error"]
        code, message = said.get("Code", ""), said.get("Message", "")[:_LONGEST_MESSAGE]
        if elsewhere := self._elsewhere(error):
            return elsewhere
        if code in _MISSING:
            return f"{self} does not exist"
        if code in _DENIED:
            return f"access is denied: {error.operation_name} in {self} is not allowed for these credentials"
        if code in _WHO:
            return f"the credentials are refused at {self.endpoint_url}: {code}"
        return f"{error.operation_name} in {self} failed with {status_of(error)} {code}: {message}"

    def _elsewhere(self, error: ClientError) -> str | None:
        said, headers = error.response["Error"], error.response["ResponseMetadata"]["HTTPHeaders"]
        region, location = headers.get("x-amz-bucket-region") or said.get("Region"), headers.get("location")
        if lies_elsewhere(error) and region and region != self.region:
            return f"{self} is in the region {region}, not in {self.region}"
        if location:
            return (
                f"{error.operation_name} in {self} was answered by a redirect to {_origin(location)}, which is not "
                f"followed"
            )
        return f"{self} is in a region other than {self.region}" if lies_elsewhere(error) else None


def status_of(refusal: ClientError) -> int:
    """Return the HTTP status of a refusal."""
    return cast("int", refusal.response["ResponseMetadata"]["HTTPStatusCode"])


def lies_elsewhere(refusal: ClientError) -> bool:
    """Return whether S3 says that the bucket is in another region: by an error code, or by the status to a HEAD."""
    return refusal.response["Error"].get("Code") in _ELSEWHERE or (
        status_of(refusal) in _REDIRECTS
        and "x-amz-bucket-region" in refusal.response["ResponseMetadata"]["HTTPHeaders"]
    )


def worth_another_try(refusal: ClientError) -> bool:
    """Return whether an immediate retry may succeed: the server failed or is busy, or the request broke off."""
    status, code = status_of(refusal), refusal.response["Error"].get("Code")
    return (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
    ) or code in _BROKE_OFF | _DAMAGED_ON_THE_WAY | _NOT_NOW


def passes(refusal: ClientError) -> bool:
    """Return whether a later retry may succeed without a change of settings, here or at the server."""
    return (
        worth_another_try(refusal)
        or status_of(refusal) in _BUSY
        or refusal.response["Error"].get("Code") == "TemporaryRedirect"
    )


def _origin(location: str) -> str:
    try:
        parts = urlsplit(location)
    except ValueError:
        return "no address"
    return (
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"[:_LONGEST_MESSAGE]
        if parts.netloc
        else "a path of its own"
    )
