from __future__ import annotations

import socket
from collections.abc import Sequence

import aiohttp
import httpx
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from darkroom.adapters.outbound_http.proxies import Proxies
from darkroom.adapters.outbound_http.public_addresses import LinkRefused, NoPublicAddresses, PublicAddresses, is_public
from darkroom.adapters.outbound_http.transport import AiohttpTransport

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", PUBLIC, "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1"],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0:",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ],
)
def test_any_other_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "1.1.1.1 ", "1.1.1.01"]
)
def test_text_that_is_not_an_address_is_not_public(text: str) -> None:
    assert not is_public(text)


class Names(AbstractResolver):
    """Gives the next answer for each name that is looked up, and repeats the last one."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked = 0
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        self.closed = True


async def test_a_name_with_only_public_addresses_is_resolved() -> None:
    found = await PublicAddresses(Names([PUBLIC, "1.1.1.1"]), exempt=()).resolve("cdn.example", 443)

    assert [one["host"] for one in found] == [PUBLIC, "1.1.1.1"]


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["::1"], [PUBLIC, "10.0.0.1"], ["169.254.169.254", PUBLIC]])
async def test_a_name_with_any_private_address_is_refused(addresses: list[str]) -> None:
    with pytest.raises(LinkRefused):
        await PublicAddresses(Names(addresses), exempt=[("cdn.example", 80)]).resolve("cdn.example", 443)


@pytest.mark.parametrize("addresses", [[PUBLIC], ["10.0.0.1", PUBLIC], ["::ffff:8.8.8.8"]])
async def test_no_public_addresses_refuses_a_name_with_a_public_address(addresses: list[str]) -> None:
    with pytest.raises(LinkRefused):
        await NoPublicAddresses(Names(addresses)).resolve("id.example", 80)


async def test_no_public_addresses_resolves_private_addresses() -> None:
    names = Names(["10.0.0.1", "::1"])
    private = NoPublicAddresses(names)
    assert [one["host"] for one in await private.resolve("id.example", 80)] == ["10.0.0.1", "::1"]
    await private.close()
    assert names.closed


async def test_the_operator_may_exempt_a_name_from_the_check() -> None:
    resolver = PublicAddresses(Names(["127.0.0.1"]), exempt=[("cdn.example", 9001)])

    assert await resolver.resolve("cdn.example", 9001)


async def test_closing_also_closes_the_wrapped_resolver() -> None:
    names = Names([PUBLIC])
    await PublicAddresses(names, exempt=()).close()

    assert names.closed


async def test_a_connection_goes_to_the_address_that_was_checked() -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    connected: list[str] = []

    def no_socket(address: tuple[int, int, int, str, tuple[str, int]]) -> socket.socket:
        connected.append(address[4][0])
        raise OSError("nothing leaves this machine")

    connector = aiohttp.TCPConnector(
        resolver=PublicAddresses(names, exempt=()), socket_factory=no_socket, use_dns_cache=False
    )
    async with AiohttpTransport(connector, Proxies()) as transport:
        request = httpx.Request("GET", "https://cdn.example/image.png")
        with pytest.raises(httpx.ConnectError):
            await transport.handle_async_request(request)
        assert (connected, names.asked) == ([PUBLIC], 1)

        with pytest.raises(LinkRefused):
            await transport.handle_async_request(request)
    assert (connected, names.asked) == ([PUBLIC], 2)
