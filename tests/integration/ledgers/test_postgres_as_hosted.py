"""Postgres as providers host it: behind a pooler, with restricted roles, and with other settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from conformance.generations import NOON, received, stored
from conformance.ledger_contract import UNLIMITED, written
from conformance.patience import patiently
from darkroom.adapters.ledgers.postgres import open_postgres_ledger
from darkroom.adapters.postgres import fitness
from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.connecting import Connecting
from darkroom.adapters.postgres.database import open_postgres_database
from darkroom.adapters.postgres.times import Times
from darkroom.domain.model.errors import InvalidValue, LedgerUnavailable
from darkroom.domain.model.identifiers import uuid7
from integration.cli.command_line import CommandLine
from integration.ledgers.workplaces import PostgresWorkplace
from servers.pgbouncer import PgBouncer
from servers.postgres import PostgresServer


async def opens(url: str, password: str | None = None) -> None:
    async with open_postgres_database(PostgresAddress.parse(url, password)):
        pass


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


class TestPoolers:
    async def test_pgbouncer_in_session_mode_works(self, database_url: str, tmp_path: Path) -> None:
        with PgBouncer(database_url, "session") as pooler:
            workplace = PostgresWorkplace(pooler.url, tmp_path)
            ledger, other = await workplace.hire(), await workplace.hire()
            orders = [received(key=f"k{number}") for number in range(30)]

            await asyncio.gather(*(written(ledger, order, *stored(order)) for order in orders))

            assert {found.id for found in await other.page("ada", limit=100)} == {order.id for order in orders}
            busy = await written(other, received())
            assert await ledger.take_abandoned(10, at_work=()) == []
            await other.record(busy.submitted())
            await workplace.close()

    @pytest.mark.parametrize("mode", ["transaction", "statement"])
    async def test_pgbouncer_in_another_mode_is_refused_with_the_reason(
        self, database_url: str, mode: Literal["transaction", "statement"]
    ) -> None:
        with PgBouncer(database_url, mode) as pooler:
            for _ in range(3):
                with pytest.raises(InvalidValue, match="this pooler is in transaction mode or in"):
                    await opens(pooler.url)

    async def test_it_is_also_refused_while_other_clients_use_it(self, database_url: str) -> None:
        """Under load, the next transaction does not always get the server process that was used last."""
        with PgBouncer(database_url, "transaction") as pooler:
            busy = True

            async def use() -> None:
                async with connected(pooler.url) as connection:
                    while busy:
                        await connection.execute("SELECT pg_sleep(0.001)")

            users = [asyncio.create_task(use()) for _ in range(4)]
            for _ in range(5):
                with pytest.raises(InvalidValue, match="this pooler is in transaction mode or in"):
                    await opens(pooler.url)
            busy = False
            await asyncio.gather(*users)

    def test_serve_reports_it_in_one_line(self, database_url: str, shell: CommandLine) -> None:
        with PgBouncer(database_url, "transaction") as pooler:
            ended = shell.run("serve", DARKROOM_PORT="0", DARKROOM_LEDGER_URL=pooler.url)

        assert ended.status == 2
        (line,) = ended.stderr.splitlines()
        assert line.startswith("darkroom: DARKROOM_LEDGER_URL, 127.0.0.1:")
        assert "pool_mode" in line


class TestRoles:
    @pytest.fixture
    async def workplace(self, postgres_workplace: PostgresWorkplace) -> PostgresWorkplace:
        return postgres_workplace

    async def test_a_role_without_create_works_in_a_database_that_is_up_to_date(
        self, workplace: PostgresWorkplace, postgres: PostgresServer, tmp_path: Path
    ) -> None:
        await workplace.hire()
        with postgres.role(workplace.url) as url:
            with pytest.raises(InvalidValue, match="GRANT SELECT, INSERT, UPDATE, DELETE ON ledger_migrations, "):
                await opens(url)
            async with workplace.connection() as owner:
                role = urlsplit(url).username
                await owner.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
            guest = PostgresWorkplace(url, tmp_path / "guest")
            ledger = await guest.hire()
            order = await written(ledger, received())
            assert await ledger.find(order.id) == order
            await guest.close()

    async def test_a_role_without_create_learns_in_an_empty_database_which_grant_it_lacks(
        self, database_url: str, postgres: PostgresServer
    ) -> None:
        with postgres.role(database_url) as url, pytest.raises(InvalidValue, match="GRANT USAGE, CREATE ON SCHEMA"):
            await opens(url)

    async def test_rights_that_are_revoked_for_a_while_are_an_outage(self, workplace: PostgresWorkplace) -> None:
        ledger = await workplace.hire()
        order = await written(ledger, received())
        async with workplace.connection() as owner:
            await owner.execute("REVOKE ALL ON generations FROM CURRENT_USER")
            with pytest.raises(LedgerUnavailable):
                await ledger.find(order.id)
            with pytest.raises(LedgerUnavailable):
                await ledger.record(order.submitted())
            await owner.execute("GRANT ALL ON generations TO CURRENT_USER")

        await patiently(lambda: ledger.record(order.submitted()))

    async def test_a_time_limit_of_the_role_that_is_reached_is_an_outage(self, workplace: PostgresWorkplace) -> None:
        async with workplace.connection() as owner:
            await owner.execute("ALTER ROLE CURRENT_USER SET lock_timeout = '100ms'")
            ledger = await workplace.hire()
            order = await written(ledger, received())
            async with owner.transaction():
                await owner.execute("LOCK TABLE generations")
                calls: list[Callable[[], Awaitable[object]]] = [
                    lambda: ledger.find(order.id),
                    lambda: ledger.record(order.submitted()),
                    lambda: ledger.receive(received(), UNLIMITED),
                    lambda: ledger.take_abandoned(10, at_work=()),
                ]
                for call in calls:
                    with pytest.raises(LedgerUnavailable):
                        await call()
            await owner.execute("ALTER ROLE CURRENT_USER RESET lock_timeout")

        await patiently(lambda: ledger.record(order.submitted()))

    async def test_commits_are_synchronous_even_if_the_role_is_set_otherwise(
        self, workplace: PostgresWorkplace
    ) -> None:
        async with workplace.connection() as owner:
            await owner.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
            session = await Connecting(PostgresAddress.parse(workplace.url), Times())()
            assert await session.fetchval("SHOW synchronous_commit") == "on"
            await session.close()
            await owner.execute("ALTER ROLE CURRENT_USER RESET synchronous_commit")


class TestSetUp:
    async def test_a_missing_schema_is_named(self, database_url: str) -> None:
        for parameter in ("search_path=elsewhere", "options=-csearch_path%3Delsewhere"):
            with pytest.raises(InvalidValue, match=r"search_path \(elsewhere\)"):
                await opens(f"{database_url}?{parameter}")

    async def test_another_schema_can_be_used(self, database_url: str) -> None:
        async with connected(database_url) as owner:
            await owner.execute("CREATE SCHEMA elsewhere")
            await opens(f"{database_url}?options=-c%20search_path%3Delsewhere")
            assert await owner.fetchval("SELECT to_regclass('elsewhere.generations')::text")

    async def test_an_encoding_that_cannot_hold_every_prompt_is_named(self, postgres: PostgresServer) -> None:
        with postgres.database(encoding="LATIN1") as url, pytest.raises(InvalidValue, match="UTF8, not LATIN1"):
            await opens(url)

    async def test_a_server_that_is_too_old_is_named(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fitness, "OLDEST", 990_000)
        with pytest.raises(InvalidValue, match="Postgres 99 or newer"):
            await opens(database_url)

    @pytest.mark.parametrize(
        "parameters",
        [
            pytest.param("connect_timeout=10", marks=pytest.mark.thorough),
            pytest.param("channel_binding=prefer", marks=pytest.mark.thorough),
            "gssencmode=disable&keepalives=1&keepalives_idle=30&tcp_user_timeout=1000",
            pytest.param("pgbouncer=true", marks=pytest.mark.thorough),
            pytest.param("sslmode=prefer&target_session_attrs=read-write", marks=pytest.mark.thorough),
            pytest.param("application_name=darkroom%20one", marks=pytest.mark.thorough),
            "client_encoding=utf-8&statement_timeout=5s",
        ],
    )
    async def test_parameters_of_libpq_are_accepted(self, database_url: str, parameters: str) -> None:
        await opens(f"{database_url}?{parameters}")

    async def test_a_parameter_that_the_server_does_not_know_is_named(self, database_url: str) -> None:
        with pytest.raises(InvalidValue, match="conection_timeout"):
            await opens(f"{database_url}?conection_timeout=10")

    async def test_settings_in_the_url_apply_to_the_session(self, database_url: str) -> None:
        url = f"{database_url}?application_name=%ED%95%9C%27s%5C&options=--work_mem=7MB%20-c%20lock_timeout%3D3s"
        session = await Connecting(PostgresAddress.parse(url), Times())()
        shown = [await session.fetchval(f"SHOW {name}") for name in ("work_mem", "lock_timeout")]
        assert shown == ["7MB", "3s"]
        await session.close()

    async def test_of_several_servers_the_writable_one_is_used(self, database_url: str) -> None:
        port = urlsplit(database_url).port
        several = database_url.replace(f"127.0.0.1:{port}", f"127.0.0.2:{port},127.0.0.1:{port}")
        await opens(f"{several}?target_session_attrs=read-write")

    async def test_a_process_has_at_most_eleven_connections(self, database_url: str, tmp_path: Path) -> None:
        async with (
            connected(database_url) as other,
            open_postgres_database(PostgresAddress.parse(database_url)) as database,
            open_postgres_ledger(database, uuid7(), tmp_path) as ledger,
        ):
            await asyncio.gather(
                *(ledger.usage(NOON, f"caller {number}") for number in range(40)),
                *(ledger.receive(received(), UNLIMITED) for _ in range(40)),
            )
            most = await other.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert 2 <= most <= 11

    def test_check_says_that_fsync_is_off(self, database_url: str, shell: CommandLine) -> None:
        checked = shell.run("check", DARKROOM_LEDGER_URL=database_url)

        assert checked.status == 0
        assert "ledger: orders can be recorded; fsync is off" in checked.stdout


class TestPasswords:
    PASSWORD = "p/a?s#s@w:o%r'd\\ 한&="

    @pytest.fixture
    def url(self, database_url: str, postgres: PostgresServer) -> Iterator[str]:
        with postgres.role(database_url, self.PASSWORD, owns=True) as url:
            yield url

    async def test_it_may_hold_any_character_percent_encoded(self, url: str) -> None:
        await opens(url)

    async def test_it_may_be_given_apart_from_the_url_without_encoding(self, url: str) -> None:
        name, server = urlsplit(url).username, urlsplit(url).netloc.rpartition("@")[2]
        await opens(f"postgresql://{name}@{server}{urlsplit(url).path}", self.PASSWORD)
        await opens(f"postgresql://{name}:{quote('wrong', safe='')}@{server}{urlsplit(url).path}", self.PASSWORD)

    async def test_it_may_be_in_a_password_file(
        self, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parts, file = urlsplit(url), tmp_path / "pgpass"
        escaped = self.PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
        file.write_text(f"*:*:*:{parts.username}:{escaped}\n", encoding="utf-8")
        file.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(file))
        await opens(f"postgresql://{parts.username}@{parts.netloc.rpartition('@')[2]}{parts.path}")

    async def test_a_wrong_password_is_neither_reported_nor_logged(
        self, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        wrong = "top@sec/ret#word"
        with pytest.raises(LedgerUnavailable) as told:
            await opens(url.replace(quote(self.PASSWORD, safe=""), wrong))
        assert not any(part in f"{told.value}{caplog.text}" for part in ("top", "sec", "ret#", "word@"))
