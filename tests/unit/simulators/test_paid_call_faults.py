"""Faults of the paid call, as bytes on the wire."""

from __future__ import annotations

import asyncio
import json
import zlib

import pytest

from simulators.exchange import Answer
from simulators.karlo import karlo_simulator
from unit.simulators.karlo_client import ORDER, Heard, KarloClient

MEGABYTE = 1_000_000


async def hear_fault(client: KarloClient, name: str, **options: float) -> Heard:
    client.karlo.faults.set(name, **options)
    return await client.hear_order(seed=[7])


def is_whole_answer(body: bytes) -> bool:
    return bool(json.loads(body)["images"][0]["seed"] == 7)


async def test_a_correct_answer_arrives_whole(client: KarloClient) -> None:
    heard = await client.hear_order(seed=[7])

    assert (heard.status, heard.ending) == (200, "FIN")
    assert "Content-Type: application/json" in heard.head
    assert is_whole_answer(heard.body)


@pytest.mark.parametrize(("fault", "ending"), [("reset", "RST"), ("close", "FIN")])
@pytest.mark.parametrize(("side", "charged"), [("before", 0), ("after", 1)])
async def test_ends_without_a_byte(client: KarloClient, fault: str, ending: str, side: str, charged: int) -> None:
    assert await hear_fault(client, f"{fault}-{side}-charge") == Heard("", b"", ending)
    assert client.karlo.charged_images == charged
    assert len(client.karlo.calls) == 1


@pytest.mark.parametrize(("side", "charged"), [("before", 0), ("after", 1)])
async def test_never_answers(client: KarloClient, side: str, charged: int) -> None:
    async with karlo_simulator() as karlo:
        karlo.faults.set(f"black-hole-{side}-charge")
        wire = await KarloClient(karlo, client.session).send_order()
        await karlo.book.until(lambda: any(call.faults for call in karlo.calls))
        assert karlo.charged_images == charged
    # The wait ended only because the simulator was stopped.
    assert await wire.hear() == Heard("", b"", "FIN")


async def test_is_not_http(client: KarloClient) -> None:
    assert (await hear_fault(client, "not-http-after-charge")).head.startswith("SSH-2.0-")


async def test_has_a_huge_header(client: KarloClient) -> None:
    heard = await hear_fault(client, "huge-header")

    assert len(heard.head) > MEGABYTE
    assert is_whole_answer(heard.body)


@pytest.mark.parametrize("charged", [0, 1])
@pytest.mark.parametrize(
    ("fault", "status", "media_type", "body"),
    [
        ("server-error-json", 500, "application/json", b'{"error": "internal"}'),
        ("server-error-empty", 500, "text/plain", b""),
        ("server-error-html", 502, "text/html", b"<!doctype html>"),
    ],
)
async def test_answers_with_an_error(  # noqa: PLR0917 - the cases
    client: KarloClient, fault: str, status: int, media_type: str, body: bytes, charged: int
) -> None:
    heard = await hear_fault(client, f"{fault}-{'after' if charged else 'before'}-charge")

    assert heard.status == status
    assert f"Content-Type: {media_type}" in heard.head
    assert heard.body.startswith(body)
    assert bool(heard.body) == bool(body)
    assert client.karlo.charged_images == charged


@pytest.mark.parametrize(
    "fault", ["server-error-json-after-charge", "client-error-html", "redirect-elsewhere", "error-401"]
)
async def test_the_status_can_be_chosen(client: KarloClient, fault: str) -> None:
    assert (await hear_fault(client, fault, status=504)).status == 504


async def test_redirects_to_itself_and_charges_each_call(client: KarloClient) -> None:
    client.karlo.faults.set("redirect-after-charge", times=1)

    async with client.session.post(
        f"{client.karlo.base_url}/v2/inference/karlo/t2i",
        json=ORDER,
        headers={"Authorization": f"KakaoAK {client.karlo.api_key}"},
    ) as answer:
        assert answer.status == 200
        assert [earlier.status for earlier in answer.history] == [307]
    assert client.karlo.charged_images == 2


async def test_redirects_elsewhere(client: KarloClient) -> None:
    heard = await hear_fault(client, "redirect-elsewhere")

    assert f"Location: {client.karlo.elsewhere}/v2/inference/karlo/t2i" in heard.head
    assert client.karlo.elsewhere != client.karlo.base_url


async def test_asks_to_wait(client: KarloClient) -> None:
    assert "Retry-After: 7" in (await hear_fault(client, "too-many-requests")).head
    assert "Retry-After: 30" in (await hear_fault(client, "too-many-requests", seconds=30)).head


async def test_is_slow(client: KarloClient) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    heard = await hear_fault(client, "slow", seconds=0.1)

    assert loop.time() - began > 0.09
    assert is_whole_answer(heard.body)


async def test_drips(client: KarloClient) -> None:
    async with karlo_simulator() as karlo:
        karlo.faults.set("drip", seconds=3600)
        wire = await KarloClient(karlo, client.session).send_order()
        await wire.reader.readuntil(b"\r\n\r\n")
        assert await wire.reader.readexactly(1) == b"{"
    # The second byte was due in an hour.
    assert await wire.hear() == Heard("", b"", "FIN")


async def test_drips_to_the_end(client: KarloClient) -> None:
    assert is_whole_answer((await hear_fault(client, "drip", seconds=0)).body)


async def test_is_shorter_than_its_content_length(client: KarloClient) -> None:
    heard = await hear_fault(client, "cut-short")

    (length,) = (line.split()[1] for line in heard.head.splitlines() if line.startswith("Content-Length"))
    assert (heard.ending, len(heard.body)) == ("FIN", int(length) // 2)


async def test_ends_without_the_last_chunk(client: KarloClient) -> None:
    heard = await hear_fault(client, "cut-chunked")

    assert "Transfer-Encoding: chunked" in heard.head
    assert heard.ending == "FIN"
    assert b'{"id"' in heard.body
    assert not heard.body.endswith(b"0\r\n\r\n")


async def test_is_reset_midway(client: KarloClient) -> None:
    assert (await hear_fault(client, "reset-midway")).ending == "RST"


async def test_is_oversized(client: KarloClient) -> None:
    heard = await hear_fault(client, "oversized", size=5 * MEGABYTE)

    assert "Transfer-Encoding: chunked" in heard.head
    assert heard.body.endswith(b"0\r\n\r\n")
    assert 5 * MEGABYTE < heard.body.count(b" ") < 5.1 * MEGABYTE


async def test_is_oversized_as_declared(client: KarloClient) -> None:
    heard = await hear_fault(client, "oversized-as-declared", size=5 * MEGABYTE)

    assert f"Content-Length: {len(heard.body)}" in heard.head
    assert heard.body.endswith(b"}" + b" " * 5 * MEGABYTE)
    assert is_whole_answer(heard.body)


@pytest.mark.parametrize("fault", ["oversized", "drip seconds=0.001", "slow seconds=0.001", "cut-chunked"])
@pytest.mark.parametrize("bytes_until_then", [0, 100])
async def test_survives_a_client_that_hangs_up(
    client: KarloClient, fault: str, bytes_until_then: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with karlo_simulator(seconds_per_image=0.01) as karlo:
        wire = await KarloClient(karlo, client.session).send_order(prompt=f"a lighthouse [fault:{fault}]")
        await karlo.book.until(lambda: karlo.charged_images == 1)
        await wire.reader.readexactly(bytes_until_then)
        wire.hang_up()
        await KarloClient(karlo, client.session).draw()
    assert caplog.messages == []


async def test_is_a_gzip_bomb_although_identity_was_requested(client: KarloClient) -> None:
    heard = await hear_fault(client, "gzip-bomb")

    assert client.karlo.calls[0].headers["accept-encoding"] == "identity"
    assert "Content-Encoding: gzip" in heard.head
    assert len(heard.body) < 400_000
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    first = inflate.decompress(heard.body, MEGABYTE)
    inflated = len(first)
    while not inflate.eof:  # at the end, length and checksum have been verified
        inflated += len(inflate.decompress(inflate.unconsumed_tail, 10 * MEGABYTE))
    assert inflated > 300 * MEGABYTE
    assert is_whole_answer(first)


async def test_truncated_json_is_a_whole_http_answer(client: KarloClient) -> None:
    heard = await hear_fault(client, "answer-truncated")

    assert f"Content-Length: {len(heard.body)}" in heard.head
    assert heard.body.startswith(b'{"id"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(heard.body)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("answer-html", 200, b"<!doctype html>"),
        ("answer-garbage", 200, b"\x80\x81"),
        ("answer-empty", 200, b""),
        ("answer-no-content", 204, b""),
        ("answer-null", 200, b"null"),
        ("answer-array", 200, b"[]"),
        ("answer-object", 200, b"{}"),
        ("answer-deep", 200, b"[[["),
    ],
)
async def test_answers_with_another_body(client: KarloClient, fault: str, status: int, body: bytes) -> None:
    heard = await hear_fault(client, fault)

    assert heard.status == status
    assert heard.body.startswith(body)
    assert bool(heard.body) == bool(body)
    assert client.karlo.charged_images == 1


async def test_a_refused_order_does_not_use_up_a_fault(client: KarloClient) -> None:
    client.karlo.faults.set("reset-before-charge", times=1)

    assert (await client.order(width=1))[0] == 400
    assert (await client.hear_order()).ending == "RST"


async def test_a_prompt_may_request_a_fault(client: KarloClient) -> None:
    heard = await client.hear_order(prompt="a lighthouse [fault:reset-after-charge]")

    assert heard.ending == "RST"
    assert client.karlo.charged_images == 1


async def test_an_unknown_fault_in_a_prompt_is_reported(client: KarloClient) -> None:
    heard = await client.hear_order(prompt="a lighthouse [fault:reset]")

    assert heard.status == 501
    assert b"did you mean" in heard.body
    assert client.karlo.charged_images == 0


def test_a_correct_answer_keeps_its_status() -> None:
    assert Answer(b"{}", status=202).response().status == 202
