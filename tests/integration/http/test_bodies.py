"""Malformed bodies: each is refused with a problem, causes no internal error, and draws nothing."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import random
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from harness.waiting import until
from integration.http.house import ORDER, House, open_house
from integration.http.raw import exchange, head, send

GOOD = json.dumps(ORDER).encode()
JSON = {"Content-Type": "application/json"}
LIMIT = 64 * 1024


def malformed() -> Iterator[bytes]:
    yield from (b"", b" ", b"\0", b"{", b"}", b"[", b'"', b"{]", b"[}", b"nul", b"tru", b"True", b"None", b"'a'")
    yield from (
        b"{'a': 1}",
        b"{a: 1}",
        b'{"a"}',
        b'{"a":}',
        b'{"a" 1}',
        b'{"a": 1,}',
        b"[1,]",
        b"[,1]",
        b"{,}",
        b"{} {}",
    )
    yield from (
        b"01",
        b"+1",
        b"-",
        b"1.",
        b".5",
        b"1e",
        b"0x10",
        b"1_000",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1" * 5000,
    )
    yield from (b'{"guidance_scale": NaN}', b'{"guidance_scale": -Infinity}', b"{} // done", b"/* */ {}", b"{}#")
    yield from (
        b'"\x01"',
        b'"\n"',
        b'"\\x41"',
        b'"\\u12"',
        b'"\\u12G4"',
        b'"\\',
        b'{"\\ud800": 1}',
        b'{"\\udc00\\ud800": 1}',
    )
    yield from (b"\xff", b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf5\x80\x80\x80"', b'{"\xe4": 1}')
    yield from (GOOD.decode().encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7"))
    yield from (bracket * (60_000 // len(bracket)) for bracket in (b"[", b'{"a":', b"[{", b'[{"a":'))
    yield from (b"[" * 30_000 + b"]" * 30_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000)
    yield from (
        gzip.compress(GOOD),
        b"version=memory&prompt=a",
        b"<order/>",
        b"--x\r\n\r\n--x--",
        b"%7B%7D",
        b"\x80\x04N.",
    )
    yield from (GOOD[:length] for length in range(1, len(GOOD), 4))
    chance = random.Random(7)
    yield from (chance.randbytes(chance.randrange(1, 200)) for _ in range(20))


async def test_a_body_that_is_not_json_is_malformed(house: House, caplog: pytest.LogCaptureFixture) -> None:
    bodies = [body for body in malformed() if body != GOOD.decode().encode("utf-7")]
    assert len(bodies) > 100
    with caplog.at_level(logging.ERROR):
        answers = [await house.client.post("/api/images", content=body, headers=JSON) for body in bodies]
    types = {answer.json()["type"] for answer in answers}
    assert [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code != 400] == []
    assert types == {"/problems/malformed-body"}
    assert caplog.records == []


async def test_mutated_orders_never_cause_an_internal_error(house: House, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(11)
    with caplog.at_level(logging.ERROR):
        for _ in range(500):
            body = bytearray(GOOD)
            for _ in range(chance.randrange(1, 5)):
                at = chance.randrange(len(body))
                body[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
            answer = await house.client.post("/api/images", content=bytes(body), headers=JSON)
            assert answer.status_code in (200, 400), bytes(body)
    assert caplog.records == []


async def chunks(length: int) -> AsyncIterator[bytes]:
    for _ in range(0, length, 1024):
        yield b" " * 1024


async def test_the_longest_body_is_read(house: House) -> None:
    answer = await house.client.post("/api/images", content=GOOD.ljust(LIMIT), headers=JSON)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content",
    [GOOD.ljust(LIMIT + 1), b"x" * 10**6, chunks(LIMIT + 1024)],
    ids=["one byte more", "a megabyte", "chunked"],
)
async def test_a_longer_body_is_too_large(house: House, content: bytes | AsyncIterator[bytes]) -> None:
    answer = await house.client.post("/api/images", content=content, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"


async def test_a_chunked_body_is_accepted(house: House) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(GOOD), 7):
            yield GOOD[at : at + 7]

    answer = await house.client.post("/api/images", content=pieces(), headers=JSON)
    assert answer.status_code == 200


async def test_an_endless_body_is_refused() -> None:
    async with open_house() as house:
        reader, writer = await send(house, head("Content-Type: application/json", "Transfer-Encoding: chunked"))
        for _ in range(65):
            writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
        async with asyncio.timeout(10):
            status = await reader.readline()
        writer.close()
    assert status.startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_disconnects_within_its_body_causes_no_error(caplog: pytest.LogCaptureFixture) -> None:
    generator = InMemoryImageGenerator()
    with caplog.at_level(logging.INFO, logger="darkroom.entrypoints"):
        async with open_house(generator=generator) as house:
            for sent in (b"", GOOD[:20], GOOD[:-1]):
                _, writer = await send(
                    house, head("Content-Type: application/json", f"Content-Length: {len(GOOD)}"), sent
                )
                writer.close()
            await until(lambda: len(caplog.records) >= 3)
    assert [vars(record)["status"] for record in caplog.records] == [400] * 3
    assert {record.levelno for record in caplog.records} == {logging.INFO}
    assert generator.asked == []


async def test_a_body_cut_by_its_content_length_is_malformed(house: House) -> None:
    answer = await exchange(
        house,
        head("Content-Type: application/json", f"Content-Length: {len(GOOD) - 1}", "Connection: close"),
        GOOD,
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"/problems/malformed-body" in answer


@pytest.mark.parametrize(
    "declared",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        'application/json ; charset="UTF-8"',
    ],
)
async def test_json_in_utf_8_is_accepted(house: House, declared: str) -> None:
    answer = await house.client.post("/api/images", content=GOOD, headers={"Content-Type": declared})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "declared",
    [
        [],
        [""],
        ["text/plain"],
        ["application/x-www-form-urlencoded"],
        ["multipart/form-data; boundary=x"],
        ["application/jsonp"],
        ["application/json; charset=latin-1"],
        ["application/json; charset=utf-8; charset=utf-16"],
        ["application/json; v=1"],
        ["application/json, text/plain"],
        ["application/problem+json"],
        ["application/msgpack"],
        ["json"],
        ["*/*"],
        ["application/json", "application/json"],
    ],
    ids=str,
)
async def test_any_other_content_type_is_refused(house: House, declared: list[str]) -> None:
    answer = await house.client.post("/api/images", content=GOOD, headers=[("Content-Type", one) for one in declared])
    assert answer.status_code == 415
    assert answer.json()["type"] == "/problems/unsupported-media-type"


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
async def test_a_content_encoding_is_refused(house: House, coding: str) -> None:
    packed = gzip.compress(GOOD)
    answer = await house.client.post("/api/images", content=packed, headers=JSON | {"Content-Encoding": coding})
    assert answer.status_code == 415


async def test_a_client_that_expects_100_continue_is_refused_before_it_sends_its_body(house: House) -> None:
    wrong = head("Content-Type: text/plain", "Content-Length: 100", "Expect: 100-continue", "Connection: close")
    assert (await exchange(house, wrong)).startswith(b"HTTP/1.1 415 ")


async def test_the_body_of_a_get_request_is_ignored(house: House) -> None:
    request = house.client.build_request("GET", "/api/usage", content=b"\xff" * 10_000)
    answer: httpx.Response = await house.client.send(request)
    assert answer.status_code == 200
