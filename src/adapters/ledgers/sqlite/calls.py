"""Calls without an idempotency key, in SQLite: finds the cut call that a new one repeats."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from darkroom.adapters.ledgers.sqlite.instants import to_microseconds
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import Call, CallState

_ALIKE: Final = "SELECT id, key, worker, cut_at FROM calls WHERE caller = :caller AND body = :body ORDER BY key"
_INSERT: Final = "INSERT INTO calls (caller, body, id, key, worker) VALUES (:caller, :body, :id, :key, :worker)"
_REPEAT: Final = """
    UPDATE calls SET id = :id, worker = :worker, cut_at = NULL
    WHERE caller = :caller AND body = :body AND id = :repeated
"""
_CUT: Final = """
    UPDATE calls SET cut_at = :now WHERE caller = :caller AND body = :body AND id = :id AND cut_at IS NULL
"""
_FORGET: Final = "DELETE FROM calls WHERE caller = :caller AND body = :body AND id = :id"
_PRUNE: Final = "DELETE FROM calls WHERE cut_at <= :since"
_CUT_OFF: Final = "UPDATE calls SET cut_at = :at WHERE worker = :worker AND cut_at IS NULL"


def track(
    connection: sqlite3.Connection,
    call: Call,
    worker: str,
    dead_for: Callable[[str], float | None],
    *,
    now: datetime,
    within: timedelta,
) -> Call:
    """Record the state of a call, as `GenerationLedger.track` does, and return it.

    `dead_for` returns the seconds since a worker died; None if it lives.
    """
    named = {"caller": call.caller, "body": call.body, "id": call.id}
    if call.state is CallState.ANSWERED:
        connection.execute(_FORGET, named)
        return call
    if call.state is CallState.CUT:
        connection.execute(_CUT, {**named, "now": to_microseconds(now)})
        connection.execute(_PRUNE, {"since": to_microseconds(now - within)})
        return call
    columns = {**named, "worker": worker, "key": call.key.value}
    alike = connection.execute(_ALIKE, named).fetchall()
    for row in alike:
        if row["id"] == call.id:
            return replace(call, key=IdempotencyKey(row["key"]))
    for row in alike if call.repeats else ():
        cut_at = row["cut_at"]
        if cut_at is None and row["worker"] != worker and (ago := dead_for(row["worker"])) is not None:
            cut_at = to_microseconds(now - timedelta(seconds=ago))
        if cut_at is not None and cut_at > to_microseconds(now - within):
            connection.execute(_REPEAT, {**columns, "repeated": row["id"]})
            return replace(call, key=IdempotencyKey(row["key"]))
    connection.execute(_INSERT, columns)
    return call


def cut_off(connection: sqlite3.Connection, dead_for: Mapping[str, float | None], now: datetime) -> None:
    """Record that the open calls of dead workers were cut; `dead_for` has the seconds since each worker's death."""
    for worker, ago in dead_for.items():
        at = to_microseconds(now - timedelta(seconds=ago or 0.0))
        connection.execute(_CUT_OFF, {"worker": worker, "at": at})
