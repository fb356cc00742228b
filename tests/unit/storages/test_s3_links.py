from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from darkroom.adapters.storages.s3 import Addressing, PresignedLinks, PublicLinks, open_s3_client
from darkroom.domain.model.file_name import FileName
from darkroom.domain.model.image_file import MediaType

SEOUL, VIRGINIA = "ap-northeast-2", "us-east-1"
HERE = "http://127.0.0.1:9000"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret")


@pytest.mark.parametrize(
    ("region", "endpoint_url", "addressing", "bucket", "before_the_key"),
    [
        (SEOUL, None, "auto", "darkroom", "https://darkroom.s3.ap-northeast-2.amazonaws.com"),
        (SEOUL, None, "virtual", "darkroom", "https://darkroom.s3.ap-northeast-2.amazonaws.com"),
        (SEOUL, None, "path", "darkroom", "https://s3.ap-northeast-2.amazonaws.com/darkroom"),
        (SEOUL, None, "auto", "dark.room", "https://s3.ap-northeast-2.amazonaws.com/dark.room"),
        (VIRGINIA, None, "auto", "darkroom", "https://darkroom.s3.us-east-1.amazonaws.com"),
        ("cn-north-1", None, "auto", "darkroom", "https://darkroom.s3.cn-north-1.amazonaws.com.cn"),
        (SEOUL, HERE, "auto", "darkroom", f"{HERE}/darkroom"),
        (SEOUL, HERE, "path", "darkroom", f"{HERE}/darkroom"),
        (SEOUL, "https://a.example/storage/v1/s3", "auto", "darkroom", "https://a.example/storage/v1/s3/darkroom"),
        (SEOUL, "https://s3.example", "virtual", "darkroom", "https://darkroom.s3.example"),
    ],
)
async def test_presigned_links_name_the_host_that_serves_the_region(
    region: str, endpoint_url: str | None, addressing: Addressing, bucket: str, before_the_key: str
) -> None:
    async with open_s3_client(region=region, endpoint_url=endpoint_url, addressing=addressing) as client:
        link = await PresignedLinks(client, bucket, 3600)("images/a b/사진.png")

    url, _, query = link.partition("?")
    signed = parse_qs(query, strict_parsing=True)
    assert url == f"{before_the_key}/images/a%20b/%EC%82%AC%EC%A7%84.png"
    assert signed["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert signed["X-Amz-Expires"] == ["3600"]
    assert signed["X-Amz-Credential"][0].split("/")[2] == region


async def test_a_link_stays_the_same_for_a_while_and_is_valid_for_at_least_half_its_ttl() -> None:
    moment = datetime(2026, 3, 14, 15, 29, 59, tzinfo=UTC)
    async with open_s3_client(region=SEOUL) as client:
        at = [moment - timedelta(minutes=29), moment, moment + timedelta(seconds=1)]
        made = [await PresignedLinks(client, "darkroom", 3600, lambda now=now: now)("a.png") for now in at]  # type: ignore[misc]  # each its own

    signed = [parse_qs(urlsplit(link).query)["X-Amz-Date"] for link in made]
    assert made[0] == made[1] != made[2]
    assert signed == [["20260314T150000Z"], ["20260314T150000Z"], ["20260314T153000Z"]]


async def test_a_download_gets_its_file_name() -> None:
    async with open_s3_client(region=SEOUL) as client:
        link = await PresignedLinks(client, "darkroom", 3600)("a.png", name=FileName("바다-7", MediaType.PNG))

    (said,) = parse_qs(urlsplit(link).query, strict_parsing=True)["response-content-disposition"]
    assert said == "attachment; filename=\"7.png\"; filename*=UTF-8''%EB%B0%94%EB%8B%A4-7.png"


async def test_an_endpoint_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", HERE)
    async with open_s3_client(region=SEOUL) as client:
        link = await PresignedLinks(client, "darkroom", 3600)("a.png")

    assert urlsplit(link).hostname == "darkroom.s3.ap-northeast-2.amazonaws.com"


async def test_public_links_are_quoted() -> None:
    assert await PublicLinks("https://cdn.example/x")("a b/ü#?.png") == "https://cdn.example/x/a%20b/%C3%BC%23%3F.png"
