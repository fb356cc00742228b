"""The operations of the `Writer`, each within its transaction; one that raises does so before it writes."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from darkroom.adapters.ledgers.rows import encode_outcome, encode_request, require_written
from darkroom.adapters.ledgers.sqlite import statements as sql
from darkroom.adapters.ledgers.sqlite.instants import from_microseconds, to_microseconds
from darkroom.adapters.ledgers.sqlite.reads import ahead_of, find, find_by_key, generation_in
from darkroom.adapters.ledgers.windows import windows
from darkroom.domain.model.errors import Superseded
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import WINDOW, Check, Limits, counted_images

MINUTE: Final = timedelta(minutes=1)

_WINDOWS: Final = windows(lambda _: "?")


def receive(connection: sqlite3.Connection, generation: Generation, limits: Limits, worker: str) -> Generation:
    """Record a new generation as the worker's, or return the one that has its key or id already.

    Raises:
        QuotaExceeded, SpendLimit: a limit would be exceeded.
    """
    kept = generation.key and find_by_key(connection, generation.caller, generation.key)
    if kept := kept or find(connection, generation.id):
        return kept
    for check in limits.checks(generation):
        _hold_to(connection, check, generation.created_at)
    columns = _columns(generation, worker)
    connection.execute(sql.INSERT, columns)
    if generation.webhook:
        connection.execute(sql.INSERT_WEBHOOK, columns)
    return generation


def record(connection: sqlite3.Connection, generation: Generation, worker: str) -> None:
    """Record the next revision of a generation as the worker's; repeating it succeeds.

    Raises:
        Superseded: the row does not hold the previous revision.
    """
    update = sql.FINISH if generation.state.final else sql.ADVANCE
    if connection.execute(update, _columns(generation, worker)).rowcount:
        return
    row = connection.execute(sql.FIND, (generation.id,)).fetchone()
    require_written(generation, worker, row, from_microseconds)


def check(connection: sqlite3.Connection) -> None:
    """Write the schema version again, to see whether the file can be written."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {version}")


def promise(connection: sqlite3.Connection, generation_id: str) -> Generation | None:
    """Mark a generation as promised if it is `received`; return its present state, None if there is none."""
    kept = find(connection, generation_id)
    if kept and kept.state is State.RECEIVED and not kept.promised:
        kept = replace(kept, promised=True)
        connection.execute(sql.PROMISE, {"id": kept.id, "outcome": encode_outcome(kept)})
    return kept


def withdraw(connection: sqlite3.Connection, generation: Generation, worker: str) -> None:
    """Record the end of a generation that was not submitted.

    Raises:
        Superseded: as `record`, or it was promised since it was read.
    """
    kept = find(connection, generation.id)
    if kept and kept.promised_since(generation):
        raise Superseded(generation.id)
    record(connection, generation, worker)


def lift(connection: sqlite3.Connection, generation: Generation, worker: str) -> None:
    """Record the next revision of a finished generation, and make its webhook due again.

    Raises:
        Superseded: as `record`.
    """
    record(connection, generation, worker)
    if generation.webhook:
        at = to_microseconds(generation.finished_at)
        connection.execute(sql.REARM_WEBHOOK, {"id": generation.id, "due_at": at})


def take(
    connection: sqlite3.Connection, taker: str, *, dead: Collection[str], idle: Mapping[str, int], limit: int
) -> Sequence[Generation]:
    """Give up to `limit` unfinished generations to the worker `taker`, and return their next revisions.

    These are the generations of `dead` workers, and the `idle` ones, by id, if they still have the given revision.
    """
    parameters = {"taker": taker, "dead": json.dumps([*dead]), "idle": json.dumps({**idle}), "limit": limit}
    return [generation_in(row) for row in connection.execute(sql.TAKE, parameters).fetchall()]


def reserve(connection: sqlite3.Connection, generator: str, images: int, per_minute: int, now: datetime) -> float:
    """Reserve images in the sliding minute and return 0, or return the seconds until there may be room."""
    minute = {"since": to_microseconds(now - MINUTE), "until": to_microseconds(now + MINUTE)}
    connection.execute(sql.PRUNE_RESERVATIONS, minute)
    (reserved,) = connection.execute(sql.RESERVED, {"generator": generator}).fetchone()
    excess = reserved + images - per_minute
    if excess <= 0:
        connection.execute(sql.RESERVE, {"generator": generator, "now": to_microseconds(now), "images": images})
        return 0
    room_at = connection.execute(sql.ROOM_TO_RESERVE_AT, {"generator": generator, "excess": excess}).fetchone()
    return (from_microseconds(room_at["at"]) + MINUTE - now if room_at else MINUTE).total_seconds()


def date_back(connection: sqlite3.Connection, now: datetime) -> int:
    """Redate orders, their usage and webhooks that a wrong clock dated ahead to `now`; return how many orders."""
    connection.execute(sql.DATE_WEBHOOKS_BACK, ahead_of(now))
    changed = connection.execute(sql.DATE_BACK, ahead_of(now)).rowcount
    connection.execute(sql.MOVE_USAGE, ahead_of(now))
    connection.execute(sql.FORGET_USAGE, ahead_of(now))
    return changed


def _hold_to(connection: sqlite3.Connection, check: Check, now: datetime) -> None:
    window = _WINDOWS[type(check)]
    parameters = window.parameters(check, to_microseconds(now - WINDOW))
    (taken,) = connection.execute(window.taken, parameters).fetchone()
    excess = check.excess(taken)
    if excess > 0:
        room_at = connection.execute(window.room_at, (*parameters, excess)).fetchone()
        raise check.refused(now=now, room_at=from_microseconds(room_at["created_at"]) if room_at else None)


def _columns(generation: Generation, worker: str) -> dict[str, Any]:
    cost = generation.reserved
    return {
        "id": generation.id,
        "caller": generation.caller,
        "key": generation.key and generation.key.value,
        "fingerprint": generation.fingerprint,
        "version": generation.request.version.value,
        "generator": generation.generator,
        "samples": generation.request.samples,
        "created_at": to_microseconds(generation.created_at),
        "finished_at": to_microseconds(generation.finished_at),
        "erased_at": to_microseconds(generation.erased_at),
        "state": generation.state.value,
        "revision": generation.revision,
        "worker": worker,
        "counted": counted_images(generation),
        "stored": len(generation.images),
        "prompts_kept": generation.prompts_kept,
        "cost_millionths": cost and cost.millionths,
        "currency": cost and cost.currency,
        "receipt": generation.receipt,
        "request": encode_request(generation.request),
        "outcome": encode_outcome(generation),
        "to_remove": sum(len(one.keys) for one in generation.removed),
    }
