"""Calls without an idempotency key, in Postgres: finds the cut call that a new one repeats."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from darkroom.adapters.ledgers.postgres.lease import Lease
from darkroom.adapters.postgres.connecting import Session
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import Call, CallState

_BEGIN: Final = """
    INSERT INTO calls (caller, body, id, key, worker, spool) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (caller, body, id) DO UPDATE SET key = calls.key RETURNING key
"""
_BEGUN: Final = "SELECT key FROM calls WHERE caller = $1 AND body = $2 AND id = $3"
_OPEN: Final = """
    SELECT DISTINCT worker, spool = $4 AS here FROM calls
    WHERE caller = $1 AND body = $2 AND worker <> $3 AND cut_at IS NULL
"""
# Waits for a row that another process has locked: that process may be recording that the worker's calls were cut.
_REPEAT: Final = """
    WITH repeated AS MATERIALIZED (
        SELECT id FROM calls WHERE caller = $1 AND body = $2 AND cut_at > now() - $6::interval
        ORDER BY key LIMIT 1 FOR UPDATE
    )
    UPDATE calls SET id = $3, worker = $4, spool = $5, cut_at = NULL FROM repeated
    WHERE caller = $1 AND body = $2 AND calls.id = repeated.id RETURNING key
"""
_CUT: Final = """
    UPDATE calls SET cut_at = now() WHERE caller = $1 AND body = $2 AND id = $3 AND cut_at IS NULL
"""
_FORGET: Final = "DELETE FROM calls WHERE caller = $1 AND body = $2 AND id = $3"
_PRUNE: Final = "DELETE FROM calls WHERE cut_at <= now() - $1::interval"
_CUT_OFF: Final = "UPDATE calls SET cut_at = now() - $2::interval WHERE worker = $1 AND cut_at IS NULL"


async def end(session: Session, call: Call, within: timedelta) -> None:
    """Record that a call was cut, or forget one that was answered; forget calls that were cut before `within`."""
    if call.state is CallState.ANSWERED:
        await session.execute(_FORGET, *_named(call))
        return
    await session.execute(_CUT, *_named(call))
    await session.execute(_PRUNE, within)


async def begin(session: Session, call: Call, within: timedelta, lease: Lease, *, worker: str, spool: str) -> Call:
    """Record a call that has begun, as the worker's; return it with the key of its order.

    That is the key of the oldest call of the same caller and body that was cut within that time, if `call.repeats`.
    """
    named, key = _named(call), None
    if call.repeats:
        key = await session.fetchval(_BEGUN, *named)
        if key is None:
            await _cut_off_by_now(session, await session.fetch(_OPEN, *named[:2], worker, spool), lease)
            key = await session.fetchval(_REPEAT, *named, worker, spool, within)
    if key is None:
        key = await session.fetchval(_BEGIN, *named, call.key.value, worker, spool)
    return replace(call, key=IdempotencyKey(key))


async def cut_off(session: Session, worker: UUID, ago: float) -> None:
    """Record that the open calls of a worker were cut `ago` seconds ago."""
    await session.execute(_CUT_OFF, worker, timedelta(seconds=ago))


async def _cut_off_by_now(session: Session, workers: Sequence[Any], lease: Lease) -> None:
    if not workers:
        return
    async with lease.watching() as watch:
        gone = await watch.without_lease(
            here=[row["worker"] for row in workers if row["here"]],
            elsewhere=[row["worker"] for row in workers if not row["here"]],
        )
        for worker in gone:
            await cut_off(session, worker, watch.dead_for(worker))


def _named(call: Call) -> tuple[str, str, str]:
    return call.caller, call.body, call.id
