"""The webhook sender against real receivers, good and bad, and against addresses that it must not call."""

from __future__ import annotations

import base64
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from darkroom.adapters.webhooks import HttpWebhookSender, Signatures, open_webhook_sender, sender
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.values import WebhookUrl
from darkroom.domain.model.webhook import NotDelivered
from servers.receiver import Receiver, receiver

SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"
SIGNATURES = Signatures.parse(SECRET)


def now() -> datetime:
    return datetime.now(UTC)


class Names(AbstractResolver):
    """Resolves every name to one address."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=self._address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def other() -> AsyncIterator[Receiver]:
    async with receiver() as opened:
        yield opened


async def attempt(*faults: str) -> tuple[Receiver, NotDelivered | None]:
    async with (
        receiver(*faults) as at,
        open_webhook_sender(signatures=SIGNATURES, hosts=[at.origin], clock=now) as calls,
    ):
        try:
            await calls.send(WebhookUrl(at.url), "message-1", b'{"a": 1}')
        except NotDelivered as failure:
            return at, failure
        return at, None


async def test_a_message_is_signed_and_delivered() -> None:
    at, failure = await attempt()
    (call,) = at.received
    assert failure is None
    assert Webhook(SECRET).verify(call.body, call.headers) == {"a": 1}
    assert (call.id, call.headers["content-type"]) == ("message-1", "application/json")
    assert "authorization" not in call.headers
    assert "cookie" not in call.headers


@pytest.mark.parametrize("fault", ["500", "503", "404", "403", "302", "reset", "redirect"])
async def test_only_a_2xx_status_is_a_delivery(fault: str) -> None:
    at, failure = await attempt(fault)
    assert failure is not None
    assert (failure.gone, failure.retry_after) == (False, None)
    assert at.url not in str(failure)
    assert (len(at.received), at.elsewhere) == (1, 0)


async def test_a_410_means_that_the_receiver_is_gone() -> None:
    _, failure = await attempt("410")
    assert failure is not None
    assert failure.gone


async def test_a_receiver_may_ask_to_be_called_later() -> None:
    _, failure = await attempt("busy")
    assert failure is not None
    assert failure.retry_after == 7200


async def test_the_body_of_an_answer_is_not_read() -> None:
    _, failure = await attempt("endless")
    assert failure is None


async def test_a_receiver_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "TIMEOUT", 0.2)
    _, failure = await attempt("slow")
    assert "no answer within" in str(failure)


@pytest.mark.parametrize(
    "url",
    [
        *("http://receiver.example/hook", "ftp://receiver.example/", "https://", "receiver.example", "//x/", "https:x"),
        *("https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/"),
        *("https://10.0.0.1/", "https://192.168.1.1:8443/", "https://169.254.169.254/latest", "https://0.0.0.0/"),
        *("https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/", "https://[64:ff9b::7f00:1]/"),
        *("https://127.0.0.1./", "https://user:secret@receiver.example/", "https://receiver.example\\@127.0.0.1/"),
    ],
)
async def test_a_url_that_is_not_a_public_https_address_is_refused(url: str) -> None:
    async with open_webhook_sender(signatures=SIGNATURES, hosts=None, clock=now) as calls:
        with pytest.raises(InvalidValue, match="must be an https address"):
            calls.check(WebhookUrl(url))
        with pytest.raises(NotDelivered):
            await calls.send(WebhookUrl(url), "m", b"{}")


@pytest.mark.parametrize("hosts", [None, ["receiver.example"]])
@pytest.mark.parametrize(
    "url",
    [
        *("https://receiver.example:99999/", "https://receiver.example:0/", "https://receiver.example:-1/"),
        *("https://receiver.example:65536/", "https://receiver.example:44x/", "https://receiver.example:4:4/"),
        *("https://a..example/", "https://.example/", "https://-a.example/", "https://a-.example/", "https://a%00.b/"),
        *(
            "https://xn--/",
            f"https://{'a' * 64}.example/",
            f"https://{'a.' * 130}example/",
            "https://[::1/",
            "https://[x]/",
        ),
    ],
)
async def test_a_url_that_can_never_be_called_is_refused_before_the_order_is_accepted(
    url: str, hosts: list[str] | None
) -> None:
    async with open_webhook_sender(signatures=SIGNATURES, hosts=hosts, clock=now) as calls:
        with pytest.raises(InvalidValue, match="must be an https address"):
            calls.check(WebhookUrl(url))
        with pytest.raises(NotDelivered):  # an earlier release may have accepted it
            await calls.send(WebhookUrl(url), "m", b"{}")


# Digits occur in ports only: a public address would really be called.
HOSTS = st.text(st.sampled_from("ahx.-_:/@[]%?#\\{}~\"'|^`"), max_size=20)
PORTS = st.sampled_from(["", ":", ":0", ":443", ":65535", ":65536", ":99999", ":-1", ":x", ":1:1"])


@settings(max_examples=10)
@given(st.lists(st.tuples(HOSTS, PORTS), min_size=20))
async def test_any_url_is_refused_or_can_be_tried(urls: list[tuple[str, str]]) -> None:
    async with open_webhook_sender(signatures=SIGNATURES, hosts=None, clock=now, resolver=Names("127.0.0.1")) as calls:
        for host, port in urls:
            url = WebhookUrl(f"https://{host}{port}/hook")
            with suppress(InvalidValue):
                calls.check(url)
            with pytest.raises(NotDelivered):
                await calls.send(url, "m", b"{}")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"])
async def test_a_name_of_an_address_that_is_not_public_is_not_called(address: str) -> None:
    async with open_webhook_sender(signatures=SIGNATURES, hosts=None, clock=now, resolver=Names(address)) as calls:
        url = WebhookUrl("https://receiver.example/hook")
        calls.check(url)
        with pytest.raises(NotDelivered, match="not public"):
            await calls.send(url, "m", b"{}")


async def test_only_hosts_that_the_operator_lists_are_called(other: Receiver) -> None:
    hosts = ["receiver.example", "http://127.0.0.1:9"]
    async with open_webhook_sender(signatures=SIGNATURES, hosts=hosts, clock=now) as calls:
        for url in ("https://receiver.example/a?b", "http://127.0.0.1:9/hook"):
            calls.check(WebhookUrl(url))
        for url in ("https://other.example/", "http://receiver.example/", "https://receiver.example:444/", other.url):
            with pytest.raises(InvalidValue):
                calls.check(WebhookUrl(url))
            with pytest.raises(NotDelivered):
                await calls.send(WebhookUrl(url), "m", b"{}")
    assert other.received == []


async def test_an_unreachable_receiver_is_reported_without_its_url() -> None:
    async with open_webhook_sender(signatures=SIGNATURES, hosts=["http://127.0.0.1:9"], clock=now) as calls:
        assert isinstance(calls, HttpWebhookSender)
        with pytest.raises(NotDelivered) as told:
            await calls.send(WebhookUrl("http://127.0.0.1:9/hook?token=secret"), "m", b"{}")
    assert "secret" not in str(told.value)
