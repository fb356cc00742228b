"""Calls that bring no key, in the SQLite file: which were cut, and who repeats them."""

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
    """Write down how a call stands; `dead_for` says how many seconds a worker is dead, if it is."""
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
    """Write down that the calls of dead workers were cut: as many seconds ago as they are dead."""
    for worker, ago in dead_for.items():
        at = to_microseconds(now - timedelta(seconds=ago or 0.0))
        connection.execute(_CUT_OFF, {"worker": worker, "at": at})
