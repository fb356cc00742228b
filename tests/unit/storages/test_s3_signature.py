from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import cast
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials

from darkroom.adapters.storages.s3.signature import Credentials, Signer
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.image_file import MediaType

REGION = "ap-northeast-2"
MOMENT = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Type": "image/webp",
    "If-None-Match": "*",
    "x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
}


@pytest.fixture(params=[None, "a/temporary+token=="])
def credentials(request: pytest.FixtureRequest) -> ReadOnlyCredentials:
    return ReadOnlyCredentials("AKIDEXAMPLE", "the-secret", request.param)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: MOMENT)


@pytest.fixture(params=["bucket.s3.example", "127.0.0.1:9000", "[::1]:9000"])
def host(request: pytest.FixtureRequest) -> str:
    return cast("str", request.param)


@pytest.mark.parametrize("path", ["/images/a.webp", "/bucket/images/a%20b/%EC%82%AC~_-.png"])
def test_uploads_are_signed_as_botocore_signs_them(credentials: ReadOnlyCredentials, host: str, path: str) -> None:
    theirs = AWSRequest("PUT", f"https://{host}{path}", HEADERS, b"the bytes")
    theirs.context["client_config"] = Config(s3={"payload_signing_enabled": True})
    S3SigV4Auth(credentials, "s3", REGION).add_auth(theirs)

    ours = Signer(cast("Credentials", credentials), REGION, MOMENT).headers(
        "PUT", host, path, HEADERS, body=sha256(b"the bytes").hexdigest()
    )

    assert ours == {name.lower(): value for name, value in theirs.headers.items()}


def test_lists_are_signed_as_botocore_signs_them(credentials: ReadOnlyCredentials, host: str) -> None:
    query = "encoding-type=url&list-type=2&prefix=images%2F"
    theirs = AWSRequest("GET", f"https://{host}/bucket/?{query}")
    S3SigV4Auth(credentials, "s3", REGION).add_auth(theirs)

    ours = Signer(cast("Credentials", credentials), REGION, MOMENT).headers(
        "GET", host, "/bucket/", {}, body=sha256(b"").hexdigest(), query=query
    )

    assert ours == {name.lower(): value for name, value in theirs.headers.items()}


@pytest.mark.parametrize("path", ["/images/a.webp", "/bucket/images/a%20b/%EC%82%AC~_-.png"])
def test_links_are_signed_as_botocore_signs_them(credentials: ReadOnlyCredentials, host: str, path: str) -> None:
    theirs = AWSRequest("GET", f"https://{host}{path}")
    S3SigV4QueryAuth(credentials, "s3", REGION, expires=3600).add_auth(theirs)

    ours = Signer(cast("Credentials", credentials), REGION, MOMENT).query(host, path, 3600)

    assert dict(parse_qsl(ours)) == dict(parse_qsl(urlsplit(theirs.url).query))


def test_links_to_save_are_signed_as_botocore_signs_them(credentials: ReadOnlyCredentials, host: str) -> None:
    disposition = FileName.of("바다", 7, MediaType.PNG).disposition
    said = quote(disposition, safe="")
    theirs = AWSRequest("GET", f"https://{host}/a.png?response-content-disposition={said}")
    S3SigV4QueryAuth(credentials, "s3", REGION, expires=3600).add_auth(theirs)

    ours = Signer(cast("Credentials", credentials), REGION, MOMENT).query(host, "/a.png", 3600, disposition)

    assert dict(parse_qsl(ours)) == dict(parse_qsl(urlsplit(theirs.url).query))
