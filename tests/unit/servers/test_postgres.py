from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain

import asyncpg
import pytest

from servers.ports import free_port
from servers.postgres import PostgresServer


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_answers(database_url: str) -> None:
    async with connected(database_url) as connection:
        assert await connection.fetchval("SELECT 6 * 7") == 42


async def test_databases_are_isolated_from_each_other(postgres: PostgresServer) -> None:
    with postgres.database() as one, postgres.database() as other:
        async with connected(one) as here, connected(other) as there:
            await here.execute("CREATE TABLE orders (id int)")
            with pytest.raises(asyncpg.UndefinedTableError):
                await there.execute("SELECT * FROM orders")


async def test_a_database_is_dropped_after_its_test_despite_open_connections(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        forgotten = await asyncpg.connect(url)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    forgotten.terminate()


async def test_refuses_a_wrong_password(database_url: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database_url, password="wrong")


async def test_its_account_has_no_rights_outside_its_database(database_url: str) -> None:
    async with connected(database_url) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE DATABASE another")


async def test_restarts_with_its_data_on_the_same_port(postgres: PostgresServer, database_url: str) -> None:
    async with connected(database_url) as connection:
        await connection.execute("CREATE TABLE orders AS SELECT 7 AS id")
        postgres.stop()
        assert not postgres.running
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.fetchval("SELECT 1")
    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(database_url)

    postgres.start()

    async with connected(database_url) as connection:
        assert await connection.fetchval("SELECT id FROM orders") == 7


def test_takes_another_port_if_the_first_is_in_use(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer) -> None:
    ports = chain([postgres.port], iter(free_port, None))
    monkeypatch.setattr("servers.postgres.free_port", lambda: next(ports))

    with PostgresServer() as late:
        assert late.port != postgres.port


async def test_commits_wait_for_the_disk_only_if_durable(database_url: str) -> None:
    async with connected(database_url) as connection:
        assert await connection.fetchval("SHOW fsync") == "off"
    with PostgresServer(durable=True) as durable, durable.database() as url:
        async with connected(url) as connection:
            assert await connection.fetchval("SHOW fsync") == "on"
