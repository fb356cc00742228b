"""Calls at the same time share a transaction in Postgres, and none affects the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import asyncpg
import pytest

from conformance.generations import drawn, received
from conformance.ledger_contract import LATER, UNLIMITED, eventually
from darkroom.adapters.ledgers.postgres import PostgresGenerationLedger
from darkroom.domain.model.errors import Superseded
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.money import Money
from integration.ledgers.workplaces import PostgresWorkplace

MANY = 50


@pytest.fixture
async def ledger(postgres_workplace: PostgresWorkplace) -> PostgresGenerationLedger:
    return await postgres_workplace.hire()


async def _orders(ledger: PostgresGenerationLedger, count: int = MANY) -> list[Generation]:
    return list(await asyncio.gather(*(ledger.receive(received(), UNLIMITED) for _ in range(count))))


async def _transactions(workplace: PostgresWorkplace) -> int:
    """The number of transactions that wrote the current rows."""
    async with workplace.connection() as connection:
        count: int = await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM generations")
        return count


async def test_calls_at_the_same_time_share_a_transaction(
    ledger: PostgresGenerationLedger, postgres_workplace: PostgresWorkplace
) -> None:
    orders = await _orders(ledger)
    assert await _transactions(postgres_workplace) < MANY / 10

    revisions = [drawn(order) for order in orders]
    for step in zip(*revisions, strict=True):
        await asyncio.gather(*(ledger.record(revision) for revision in step))

        assert await _transactions(postgres_workplace) < MANY / 10
        assert [await ledger.find(revision.id) for revision in step] == list(step)


async def test_superseded_calls_fail_and_the_others_are_written(ledger: PostgresGenerationLedger) -> None:
    orders = await _orders(ledger)
    for order in orders[::5]:
        await ledger.record(order.cancelled(LATER))

    told = await asyncio.gather(*(ledger.record(order.submitted()) for order in orders), return_exceptions=True)

    assert [isinstance(fault, Superseded) for fault in told] == [place % 5 == 0 for place in range(MANY)]
    assert [await ledger.find(order.id) for order in orders] == [
        order.submitted() if fault is None else order.cancelled(LATER)
        for order, fault in zip(orders, told, strict=True)
    ]


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda order: replace(order, generator="nul\0"),  # the server refuses it
        lambda order: replace(order, cost=Money.parse("99999999999999 USD")),  # the driver refuses it
    ],
)
async def test_a_row_that_cannot_be_written_does_not_affect_the_others(
    ledger: PostgresGenerationLedger, spoiled: Callable[[Generation], Generation]
) -> None:
    fresh = [received() for _ in range(MANY)]
    fresh[30] = spoiled(fresh[30])
    told = await asyncio.gather(*(ledger.receive(order, UNLIMITED) for order in fresh), return_exceptions=True)
    assert [isinstance(came, asyncpg.DataError) for came in told] == [order is fresh[30] for order in fresh]
    assert [await ledger.find(order.id) for order in fresh] == [*fresh[:30], None, *fresh[31:]]

    orders = await _orders(ledger)
    revisions = [order.submitted() for order in orders]
    revisions[30] = spoiled(revisions[30])
    faults = await asyncio.gather(*(ledger.record(revision) for revision in revisions), return_exceptions=True)

    assert [isinstance(fault, asyncpg.DataError) for fault in faults] == [one is revisions[30] for one in revisions]
    assert [await ledger.find(order.id) for order in orders] == [*revisions[:30], orders[30], *revisions[31:]]


async def test_a_row_that_another_session_has_locked_does_not_hold_up_the_others(
    ledger: PostgresGenerationLedger, postgres_workplace: PostgresWorkplace
) -> None:
    held, *others = await _orders(ledger)
    async with postgres_workplace.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM generations WHERE id = $1 FOR UPDATE", held.id)
        waiting = asyncio.create_task(ledger.record(held.submitted()))
        await asyncio.gather(*(ledger.record(order.submitted()) for order in others))
        await ledger.record(others[0].submitted().receipted(b"links"))
        assert not waiting.done()

    await waiting
    assert await ledger.find(held.id) == held.submitted()


async def test_of_two_different_writes_of_a_revision_in_one_batch_one_succeeds(
    ledger: PostgresGenerationLedger,
) -> None:
    orders = await _orders(ledger)
    ends = [end for order in orders for end in (order.cancelled(LATER), order.submitted())]

    told = await asyncio.gather(*(ledger.record(end) for end in ends), return_exceptions=True)

    assert [type(fault) for fault in told] == [type(None), Superseded] * MANY
    assert [await ledger.find(order.id) for order in orders] == ends[::2]


async def test_two_equal_writes_of_a_revision_in_one_batch_both_succeed(ledger: PostgresGenerationLedger) -> None:
    orders = await _orders(ledger)

    await asyncio.gather(*(ledger.record(order.submitted()) for order in orders for _ in range(2)))


async def test_processes_with_the_same_keys_in_another_order_do_not_deadlock(
    postgres_workplace: PostgresWorkplace,
) -> None:
    workers = [await postgres_workplace.hire() for _ in range(2)]
    keys = [f"key-{number}" for number in range(MANY)]
    calls = [
        worker.receive(received(key=key), UNLIMITED)
        for worker, order in zip(workers, (keys, keys[::-1]), strict=True)
        for key in order
    ]

    got = await asyncio.gather(*calls)

    assert [one.id for one in got[:MANY]] == [one.id for one in got[MANY:]][::-1]
    assert len({one.id for one in got}) == MANY


async def test_cancelled_calls_do_not_affect_the_others(ledger: PostgresGenerationLedger) -> None:
    orders = await _orders(ledger)
    tasks = [asyncio.create_task(ledger.record(order.submitted())) for order in orders]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()

    await asyncio.gather(*tasks[1::2])
    assert all(task.cancelled() for task in tasks[::2])


async def test_waiting_calls_are_written_before_the_ledger_is_closed(postgres_workplace: PostgresWorkplace) -> None:
    ledger, reader = await postgres_workplace.hire(), await postgres_workplace.hire()
    orders = await _orders(ledger)
    tasks = [asyncio.create_task(ledger.record(order.submitted())) for order in orders]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()

    await postgres_workplace.kill(ledger)

    await eventually(lambda: asyncio.sleep(0, all(task.done() for task in tasks)))
    assert [await reader.find(order.id) for order in orders] == [order.submitted() for order in orders]
