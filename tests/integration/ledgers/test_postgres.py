"""What only the Postgres ledger promises: which machine takes which work, and outages of the server and the network."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from conformance.generations import IMAGE, NOON, drawn, received, stored
from conformance.ledger_contract import DAY, LATER, UNLIMITED, abandoned, begun, cut, eventually, written
from conformance.patience import patiently
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.connecting import Connecting
from darkroom.adapters.postgres.database import PostgresDatabase, open_postgres_database
from darkroom.adapters.postgres.schema import MIGRATIONS
from darkroom.adapters.postgres.times import Times
from darkroom.adapters.spools.postgres import PostgresImageSpool
from darkroom.domain.model.errors import InvalidValue, LedgerUnavailable
from darkroom.domain.model.generation import State
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.use_cases.lost_spools import LostSpools
from integration.ledgers.workplaces import TIMES, PostgresWorkplace
from servers.postgres import PostgresServer
from servers.proxy import NO_FAULTS, Faults, Proxy

HERE, ELSEWHERE = uuid7(), uuid7()


async def _told(call: Awaitable[object], message: str) -> bool:
    try:
        await call
    except LedgerUnavailable as unavailable:
        return message in str(unavailable)
    return False


@pytest.fixture
def workplace(postgres_workplace: PostgresWorkplace) -> PostgresWorkplace:
    return postgres_workplace


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    port = urlsplit(database_url).port
    assert port
    async with Proxy(port) as proxy:
        yield proxy


@pytest.fixture
def by_proxy(database_url: str, proxy: Proxy) -> str:
    """The URL of the database through the proxy."""
    return database_url.replace(f":{urlsplit(database_url).port}/", f":{proxy.port}/")


class TestReach:
    """A drawn generation is taken over only by a machine that can read its images."""

    @pytest.mark.parametrize(("secured", "in_reach"), [(0, False), (1, False), (2, True)])
    async def test_another_machine_takes_a_generation_if_the_database_holds_all_its_images(
        self, workplace: PostgresWorkplace, secured: int, *, in_reach: bool
    ) -> None:
        dead, taker = await workplace.hire(HERE), await workplace.hire(ELSEWHERE)
        bare, waiting = received(), received(samples=2)
        await written(dead, bare)
        whole = await written(dead, waiting, *drawn(waiting))
        async with open_postgres_database(PostgresAddress.parse(workplace.url)) as database:
            spool = PostgresImageSpool(InMemoryImageSpool(), database)
            for image in whole.waiting[:secured]:
                await spool.put(whole.id, image.index, b"drawn")
                await spool.secure(whole.id, image.index)
        await workplace.kill(dead)

        taken = {generation.id for generation in await abandoned(taker)}

        assert taken == ({bare.id, waiting.id} if in_reach else {bare.id})

    async def test_the_same_machine_takes_a_generation_whose_images_wait_on_its_disk(
        self, workplace: PostgresWorkplace
    ) -> None:
        dead, elsewhere, here = [await workplace.hire(spool) for spool in (HERE, ELSEWHERE, HERE)]
        waiting = received()
        await written(dead, waiting, *drawn(waiting))
        await workplace.kill(dead)

        (taken,) = await abandoned(here)

        assert taken.id == waiting.id
        assert await elsewhere.take_abandoned(10, at_work=()) == []

    async def test_a_generation_whose_spool_has_no_holder_is_listed_and_can_be_given_up(
        self, workplace: PostgresWorkplace
    ) -> None:
        dead, elsewhere = await workplace.hire(HERE), await workplace.hire(ELSEWHERE)
        waiting = received()
        whole = await written(dead, waiting, *drawn(waiting))
        await workplace.kill(dead)
        spool, storage = InMemoryImageSpool(), InMemoryImageStorage()
        lost = LostSpools(storage, spool, elsewhere, policy=Policy(), clock=lambda: LATER)

        (left,) = await eventually(lost.left)
        ended = [*await lost.give_up(ELSEWHERE), *await lost.give_up(HERE)]

        assert (left.generation, left.spool, left.missing) == (whole, HERE, frozenset({0}))
        assert [(one.id, one.state) for one in ended] == [(whole.id, State.UNUSABLE)]
        assert ended == [await elsewhere.find(whole.id)]

    @pytest.mark.parametrize("secured", [0, 1])
    async def test_another_machine_ends_a_generation_if_storage_and_database_hold_all_its_images(
        self, workplace: PostgresWorkplace, secured: int
    ) -> None:
        dead, elsewhere = await workplace.hire(HERE), await workplace.hire(ELSEWHERE)
        waiting, storage = received(samples=2), InMemoryImageStorage()
        whole = await written(dead, waiting, *drawn(waiting))
        for image in whole.waiting[secured:]:
            await storage.put(image, IMAGE)
        async with open_postgres_database(PostgresAddress.parse(workplace.url)) as database:
            spool = PostgresImageSpool(InMemoryImageSpool(), database)
            for image in whole.waiting[:secured]:
                await spool.put(whole.id, image.index, IMAGE)
                await spool.secure(whole.id, image.index)
            await workplace.kill(dead)
            lost = LostSpools(storage, spool, elsewhere, policy=Policy(), clock=lambda: LATER)

            await eventually(lost)

            assert await spool.waiting() == []
        assert await elsewhere.find(whole.id) == whole.stored(whole.waiting, LATER)
        assert {*storage.kept} == {image.key for image in whole.waiting}

    async def test_a_generation_is_in_reach_as_long_as_a_process_of_its_machine_lives(
        self, workplace: PostgresWorkplace
    ) -> None:
        dead, beside, elsewhere = [await workplace.hire(spool) for spool in (HERE, HERE, ELSEWHERE)]
        waiting, bare = received(), received()
        await written(dead, waiting, *drawn(waiting))
        await written(dead, bare)
        await workplace.kill(dead)

        # Once the worker is found dead, its generations are listed on its own machine and nowhere else.
        listed = await eventually(lambda: beside.abandoned(100))

        assert {one.generation.id for one in listed} == {waiting.id, bare.id}
        assert await elsewhere.abandoned(100) == []
        await asyncio.sleep(TIMES.dead_after)  # by then it counts as dead elsewhere too
        assert await elsewhere.abandoned(100) == []

    async def test_generations_out_of_reach_do_not_hide_those_in_reach(self, workplace: PostgresWorkplace) -> None:
        dead, taker = await workplace.hire(HERE), await workplace.hire(ELSEWHERE)
        for _ in range(3):
            waiting = received()
            await written(dead, waiting, *drawn(waiting))
        bare = await written(dead, received())
        await workplace.kill(dead)

        assert [generation.id for generation in await abandoned(taker, limit=1)] == [bare.id]


class TestCalls:
    async def test_a_call_is_repeated_even_if_another_process_has_locked_its_row(
        self, workplace: PostgresWorkplace
    ) -> None:
        worker = await workplace.hire()
        lost = await worker.track(begun(), DAY)
        await cut(worker, lost)
        async with workplace.connection() as other, workplace.connection() as looker, other.transaction():
            await other.fetch("SELECT FROM calls FOR UPDATE")
            repeating = asyncio.create_task(worker.track(begun(), DAY))

            async def waits() -> bool:
                return repeating.done() or await looker.fetchval("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")

            await eventually(waits)

        assert (await repeating).key == lost.key


class TestSpools:
    """A spool has one living holder: a copied data folder is refused, and a moved one is accepted."""

    async def test_a_copy_of_a_data_folder_does_not_start_while_the_original_is_used(
        self, database_url: str, tmp_path: Path
    ) -> None:
        workplace, copy = (PostgresWorkplace(database_url, tmp_path / name) for name in ("here", "copy"))
        first = await workplace.hire(HERE)
        second = await workplace.hire(HERE)  # another process of the same machine
        shutil.copytree(tmp_path / "here", tmp_path / "copy")

        with pytest.raises(InvalidValue, match="must not be a copy of the data folder"):
            await copy.hire(HERE)
        await workplace.kill(first)
        with pytest.raises(InvalidValue, match="must not be a copy of the data folder"):
            await copy.hire(HERE)
        order = await written(second, received())
        await copy.hire(ELSEWHERE)
        await workplace.kill(second)

        moved = await copy.hire(HERE)
        assert [taken.id for taken in await abandoned(moved)] == [order.id]
        with pytest.raises(InvalidValue, match="must not be a copy of the data folder"):
            await workplace.hire(HERE)
        await copy.close()


class TestOutages:
    async def test_a_server_that_is_down_is_reported_and_work_goes_on_when_it_is_back(
        self, workplace: PostgresWorkplace, postgres: PostgresServer
    ) -> None:
        ledger = await workplace.hire()
        order = await written(ledger, received(key="k"))
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: ledger.receive(received(), UNLIMITED),
            lambda: ledger.receive(received(), Limits(images_per_day=10)),
            lambda: ledger.record(order.submitted()),
            lambda: ledger.find(order.id),
            lambda: ledger.find_by_key("ada", IdempotencyKey("k")),
            lambda: ledger.page("ada", limit=10),
            lambda: ledger.take_abandoned(10, at_work={order.id}),
            lambda: ledger.reserve("karlo", 1, 30),
            lambda: ledger.usage(LATER),
            lambda: ledger.sweepable(erase_before=LATER, forget_before=LATER),
            lambda: anext(aiter(ledger.images()), None),
        ]

        await asyncio.to_thread(postgres.stop)
        for call in calls:
            with pytest.raises(LedgerUnavailable):
                await call()

        await asyncio.to_thread(postgres.start)
        for call in calls:
            await patiently(call)
        assert await ledger.find(order.id) == order.submitted()

    async def test_after_a_restart_of_the_server_only_dead_workers_count_as_dead(
        self, workplace: PostgresWorkplace, postgres: PostgresServer
    ) -> None:
        living, dead, taker = [await workplace.hire() for _ in range(3)]
        busy, left = await written(living, received()), await written(dead, received())
        await taker.take_abandoned(10, at_work=())
        await workplace.kill(dead)

        await asyncio.to_thread(postgres.stop)
        await asyncio.to_thread(postgres.start)

        taken = await patiently(lambda: abandoned(taker))
        assert [generation.id for generation in taken] == [left.id]
        await patiently(lambda: living.record(busy.submitted()))

    async def test_a_lease_that_was_lost_is_taken_again(self, workplace: PostgresWorkplace) -> None:
        living, dead, taker = [await workplace.hire() for _ in range(3)]
        busy, left = await written(living, received()), await written(dead, received())
        await workplace.kill(dead)

        async with workplace.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        taken = await patiently(lambda: abandoned(taker))
        assert [generation.id for generation in taken] == [left.id]
        await patiently(lambda: living.record(busy.submitted()))

    @pytest.mark.parametrize("limits", [UNLIMITED, Limits(images_per_day=1)])
    async def test_a_commit_whose_answer_was_lost_is_found_by_repeating_it(
        self, workplace: PostgresWorkplace, proxy: Proxy, by_proxy: str, limits: Limits
    ) -> None:
        far, near = await workplace.hire(url=by_proxy), await workplace.hire()
        order = received(key="k")
        last = order.submitted()

        for write in (lambda: far.receive(order, limits), lambda: far.record(last)):
            await patiently(lambda: far.find(order.id))  # it is connected
            await proxy.switch(Faults(cut_download=0))
            with pytest.raises(LedgerUnavailable):
                await write()
            await proxy.switch(NO_FAULTS)
            await patiently(write)

        assert await near.page("ada", limit=10) == [last]

    async def test_a_network_that_swallows_everything_is_reported(
        self, workplace: PostgresWorkplace, proxy: Proxy, by_proxy: str
    ) -> None:
        ledger = await workplace.hire(url=by_proxy)
        order = await written(ledger, received())

        await proxy.switch(Faults(black_hole=True))
        with pytest.raises(LedgerUnavailable):
            await ledger.find(order.id)
        with pytest.raises(LedgerUnavailable):
            await ledger.record(order.submitted())
        await eventually(lambda: _told(ledger.record(order.submitted()), "is reconnecting"))
        await proxy.switch(NO_FAULTS)

        await patiently(lambda: ledger.record(order.submitted()))
        assert await ledger.find(order.id) == order.submitted()

    async def test_the_database_can_be_closed_while_an_answer_is_missing(self, database_url: str) -> None:
        asked = asyncio.Event()

        async def ask(database: PostgresDatabase) -> None:
            async with database.session() as session:
                asked.set()
                await session.execute("SELECT pg_sleep(1000)", timeout=1000)

        times = Times(answer=2)
        async with open_postgres_database(PostgresAddress.parse(database_url), times=times) as database:
            asking = asyncio.create_task(ask(database))
            await asked.wait()

        with pytest.raises(asyncpg.PostgresConnectionError):
            await asking

    async def test_the_server_notices_within_ten_seconds_that_a_machine_has_vanished(self, database_url: str) -> None:
        connecting = Connecting(PostgresAddress.parse(database_url), Times())
        session = await connecting()

        rows = await session.fetch("SELECT name, setting::integer FROM pg_settings WHERE name LIKE 'tcp_%'")

        settings = dict(map(tuple, rows))
        probing = settings["tcp_keepalives_interval"] * settings["tcp_keepalives_count"]
        assert settings["tcp_keepalives_idle"] + probing == 10  # seconds
        assert settings["tcp_user_timeout"] == 10_000  # milliseconds
        await session.close()


class TestFailover:
    """A server that no longer accepts writes keeps its sessions open, but they are useless."""

    async def test_after_a_broken_session_no_session_that_was_opened_before_is_used(
        self, workplace: PostgresWorkplace
    ) -> None:
        ledger = await workplace.hire()
        order = await written(ledger, received())
        await asyncio.gather(*(ledger.find(order.id) for _ in range(20)))  # several sessions are open
        async with workplace.connection() as owner, workplace.connection() as other:
            sessions = (
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'darkroom' AND datname = current_database()"
                " AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"  # the lease has its own
            )
            opened = {row["pid"] for row in await owner.fetch(sessions)}
            assert len(opened) > 1
            async with other.transaction():
                await other.execute("LOCK TABLE generations")
                asking = asyncio.create_task(ledger.find(order.id))
                waiting = await eventually(lambda: owner.fetch(f"{sessions} AND wait_event_type = 'Lock'"))
                await owner.execute("SELECT pg_terminate_backend($1)", waiting[0]["pid"])
                with pytest.raises(LedgerUnavailable):
                    await asking

            await patiently(lambda: ledger.find(order.id))

            async def replaced() -> bool:
                return opened.isdisjoint(row["pid"] for row in await owner.fetch(sessions))

            assert await eventually(replaced)

    async def test_a_read_only_session_is_not_used(self, workplace: PostgresWorkplace) -> None:
        ledger = await workplace.hire()
        order = await written(ledger, received())
        await asyncio.gather(*(ledger.find(order.id) for _ in range(20)))  # several sessions are open
        async with workplace.connection() as owner:
            name = await owner.fetchval("SELECT current_database()")
            sessions = "FROM pg_stat_activity WHERE application_name = 'darkroom' AND datname = current_database()"
            await owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            # Earlier sessions learn of it from their next statement, as after the demotion of a server.
            for step in ("record", "check"):
                await owner.execute("SELECT pg_terminate_backend(pid) " + sessions)
                with pytest.raises(LedgerUnavailable):
                    await (ledger.record(order.submitted()) if step == "record" else ledger.check())
            await owner.execute(f"SET default_transaction_read_only = off; ALTER DATABASE {name} RESET ALL")

            await patiently(lambda: ledger.record(order.submitted()))
            await patiently(ledger.check)  # its lease connects again within a pulse

    async def test_if_a_session_is_read_only_no_session_of_its_time_is_used_again(self, database_url: str) -> None:
        async with open_postgres_database(PostgresAddress.parse(database_url)) as database:
            async with database.session() as one, database.session() as other:
                await one.execute("SET default_transaction_read_only = on")
                await other.execute("SET default_transaction_read_only = on")
                old = {one, other}
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                async with database.session() as session:
                    await session.execute("DELETE FROM reservations")

            async with database.session() as session, database.session() as another:
                await session.execute("DELETE FROM reservations")
                assert {session, another}.isdisjoint(old)

    async def test_a_lease_moves_away_from_a_read_only_server(self, workplace: PostgresWorkplace) -> None:
        ledger = await workplace.hire()
        async with ledger._lease.watching() as watch:  # noqa: SLF001  # what a server does to its sessions
            await watch.session.execute("SET default_transaction_read_only = on")

        async def moved() -> bool:
            try:
                return ledger._lease.require() is not watch  # noqa: SLF001  # the same
            except LedgerUnavailable:
                return False

        await eventually(moved)


class TestOpening:
    async def test_a_schema_is_created_once_if_several_workers_start_at_once(
        self, workplace: PostgresWorkplace
    ) -> None:
        workers = await asyncio.gather(*(workplace.hire() for _ in range(4)))

        order = await workers[0].receive(received(), UNLIMITED)
        assert [await worker.find(order.id) for worker in workers] == [order] * 4

    async def test_a_schema_of_a_later_release_is_refused(self, workplace: PostgresWorkplace) -> None:
        await workplace.hire()
        async with workplace.connection() as connection:
            await connection.execute("INSERT INTO ledger_migrations (number) VALUES ($1)", len(MIGRATIONS) + 1)

        with pytest.raises(LedgerUnavailable, match=f"version {len(MIGRATIONS) + 1}"):
            await workplace.hire()

    async def test_the_migration_to_usage_sums_counts_earlier_generations(self, workplace: PostgresWorkplace) -> None:
        ledger = await workplace.hire()
        for number in range(5):
            order = received(cost="0.02 USD", at=NOON + timedelta(minutes=25 * number))
            await written(ledger, order, *stored(order))
        await written(ledger, received(caller="babbage", samples=2))
        before = await ledger.usage(NOON - timedelta(days=1))
        async with workplace.connection() as connection:
            await connection.execute("DROP FUNCTION keep_usage CASCADE; DROP TABLE usage_sums, spools, calls")
            await connection.execute("ALTER TABLE generations DROP COLUMN to_remove")
            await connection.execute("ALTER TABLE webhooks DROP COLUMN claimed_at")
            sums = next(number for number, step in enumerate(MIGRATIONS, start=1) if "usage_sums" in step)
            await connection.execute("DELETE FROM ledger_migrations WHERE number >= $1", sums)

        assert await (await workplace.hire()).usage(NOON - timedelta(days=1)) == before

    @pytest.mark.parametrize(
        ("old", "new"), [("darkroom:", "stranger:"), ("/test_", "/no_test_"), ("127.0.0.1", "127.0.0.2")]
    )
    async def test_a_database_that_cannot_be_connected_to_is_reported(
        self, database_url: str, tmp_path: Path, old: str, new: str
    ) -> None:
        with pytest.raises(LedgerUnavailable, match="cannot be connected to"):
            await PostgresWorkplace(database_url.replace(old, new), tmp_path).hire()
