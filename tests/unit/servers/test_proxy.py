import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress

import pytest

from servers.ports import LOOPBACK, free_port
from servers.proxy import NO_FAULTS, Faults, Proxy

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """Echoes all that it receives, and records it."""

    def __init__(self) -> None:
        self.received = b""
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionResetError):
            while data := await reader.read(65_536):
                self.received += data
                writer.write(data)
        self.ended.set()
        writer.close()


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def exchange(client: Streams, data: bytes) -> bytes:
    reader, writer = client
    writer.write(data)
    return await reader.readexactly(len(data))


async def seconds(work: Awaitable[object]) -> float:
    clock = asyncio.get_running_loop()
    start = clock.time()
    await work
    return clock.time() - start


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    listener = await asyncio.start_server(server.serve, LOOPBACK)
    async with listener, Proxy(listener.sockets[0].getsockname()[1]) as proxy:
        yield proxy


async def test_passes_all_bytes_in_both_directions(server: Server, proxy: Proxy) -> None:
    sent = bytes(range(256)) * 4_000
    async with connection(proxy.port) as (reader, writer):
        writer.write(sent)
        writer.write_eof()
        assert await reader.read(-1) == sent
    assert server.received == sent


async def test_counts_connections_and_bytes(proxy: Proxy) -> None:
    for _ in range(3):
        async with connection(proxy.port) as client:
            await exchange(client, b"x" * 100)
    assert (proxy.connections, proxy.uploaded, proxy.downloaded, proxy.swallowed) == (3, 300, 300, 0)


# Times are lower bounds: delayed data cannot arrive sooner, on a slow machine or a fast one.


async def test_adds_latency_in_each_direction(proxy: Proxy) -> None:
    await proxy.switch(Faults(latency=0.05))
    async with connection(proxy.port) as client:
        assert await seconds(exchange(client, b"x")) >= 0.099


async def test_limits_the_rate(proxy: Proxy) -> None:
    await proxy.switch(Faults(rate=100_000))
    async with connection(proxy.port) as client:
        assert await seconds(exchange(client, b"x" * 10_000)) >= 0.099


async def test_cuts_the_upload(server: Server, proxy: Proxy) -> None:
    await proxy.switch(Faults(cut_upload=10))
    async with connection(proxy.port) as (_, writer):
        writer.write(b"x" * 1_000)
        await server.ended.wait()
    assert server.received == b"x" * 10


async def test_cuts_the_download(proxy: Proxy) -> None:
    await proxy.switch(Faults(cut_download=10))
    async with connection(proxy.port) as (reader, writer):
        writer.write(b"x" * 1_000)
        assert await reader.read(-1) == b"x" * 10


async def test_counts_bytes_up_to_the_cut_from_the_start_of_the_connection(proxy: Proxy) -> None:
    async with connection(proxy.port) as client:
        await exchange(client, b"x" * 100)
        await proxy.switch(Faults(cut_download=150))
        reader, writer = client
        writer.write(b"y" * 100)
        assert await reader.read(-1) == b"y" * 50


async def test_resets_at_the_cut(proxy: Proxy) -> None:
    await proxy.switch(Faults(cut_download=10, reset=True))
    async with connection(proxy.port) as (reader, writer):
        writer.write(b"x" * 1_000)
        with pytest.raises(ConnectionResetError):
            await reader.read(-1)


async def test_resets_open_and_new_connections(proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    async with connection(proxy.port) as client:
        await exchange(client, b"x")
        await proxy.switch(Faults(reset=True))
        with pytest.raises(ConnectionResetError):
            await client[0].read()
    async with connection(proxy.port) as (reader, _):
        with pytest.raises(ConnectionResetError):
            await reader.read()
    assert not caplog.records  # asyncio logs errors that a handler does not catch


async def test_a_black_hole_swallows_all_bytes(server: Server, proxy: Proxy) -> None:
    async with connection(proxy.port) as living:
        await exchange(living, b"before")
        await proxy.switch(Faults(black_hole=True))
        async with connection(proxy.port) as new:
            for _, writer in (living, new):
                writer.write(b"lost")
            await proxy.wait_until(lambda proxy: proxy.swallowed == 8)
    assert server.received == b"before"


async def test_the_end_of_a_black_hole_resets_only_connections_that_lost_bytes(proxy: Proxy) -> None:
    async with connection(proxy.port) as losing, connection(proxy.port) as quiet:
        await exchange(losing, b"x")
        await exchange(quiet, b"x")
        await proxy.switch(Faults(black_hole=True))
        losing[1].write(b"lost")
        await proxy.wait_until(lambda proxy: proxy.swallowed == 4)
        await proxy.switch(NO_FAULTS)
        with pytest.raises(ConnectionResetError):
            await losing[0].read()
        assert await exchange(quiet, b"alive") == b"alive"


async def test_refuses_connections_and_then_listens_again_on_the_same_port(proxy: Proxy) -> None:
    async with connection(proxy.port) as client:
        await exchange(client, b"x")
        await proxy.switch(Faults(refuse=True))
        with pytest.raises(ConnectionResetError):
            await client[0].read()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOOPBACK, proxy.port)

    await proxy.switch(NO_FAULTS)

    async with connection(proxy.port) as client:
        assert await exchange(client, b"back") == b"back"


async def test_resets_connections_if_the_server_is_gone() -> None:
    async with Proxy(free_port()) as proxy, connection(proxy.port) as (reader, _):
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_passes_a_clients_reset_to_the_server(server: Server, proxy: Proxy) -> None:
    async with connection(proxy.port) as client:
        await exchange(client, b"x")
    await server.ended.wait()
