"""What S3, and the way to it, can answer instead of doing what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from darkroom.domain.model.errors import StorageFault

# Error codes: "Error responses" of the Amazon S3 API reference.
_MISSING: Final = {"NoSuchBucket"}
_DENIED: Final = {"AccessDenied", "AllAccessDisabled", "AccountProblem"}
_WHO: Final = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired"}
_WHERE: Final = {"PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException"}
_LONGEST_MESSAGE: Final = 200  # characters of what the server says


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and where it is looked for."""

    name: str
    endpoint_url: str
    region: str

    def __str__(self) -> str:
        return f"the bucket {self.name} at {self.endpoint_url}"

    @asynccontextmanager
    async def faults(self, deadline: float) -> AsyncIterator[None]:
        """Make a `StorageFault` of whatever goes wrong here, a silence of `deadline` seconds included."""
        try:
            async with asyncio.timeout(deadline):
                yield
        except (TimeoutError, ConnectTimeoutError, ReadTimeoutError) as error:
            raise StorageFault(f"{self.endpoint_url} does not answer in time") from error
        except ClientError as error:
            raise StorageFault(self._refusal(error)) from error
        except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
            raise StorageFault(f"there are no credentials for {self}: {error}") from error
        except (EndpointConnectionError, HTTPClientError, aiohttp.ClientError, OSError) as error:
            raise StorageFault(f"{self.endpoint_url} cannot be reached, or broke off: {error}") from error
        except BotoCoreError as error:
            raise StorageFault(f"{self} cannot be used: {error}") from error
        except (ResponseParserError, LookupError, ValueError) as error:
            raise StorageFault(f"what answers at {self.endpoint_url} is no S3 server: {error!r}") from error

    def _refusal(self, error: ClientError) -> str:
        said, metadata = error.response["Error"], error.response["ResponseMetadata"]
        code, message = said.get("Code", ""), said.get("Message", "")[:_LONGEST_MESSAGE]
        region = said.get("Region") or metadata["HTTPHeaders"].get("x-amz-bucket-region") or self.region
        if region != self.region:
            return f"{self} lies in the region {region}, not in {self.region}"
        if code in _WHERE:
            return f"{self} lies in another region than {self.region}"
        if code in _MISSING:
            return f"{self} does not exist"
        if code in _DENIED:
            return f"access is denied: {error.operation_name} in {self} is not allowed for these credentials"
        if code in _WHO:
            return f"the credentials are refused at {self.endpoint_url}: {code}"
        return f"{error.operation_name} in {self} failed with {metadata['HTTPStatusCode']} {code}: {message}"
