"""Corrects a database that was restored from a dump, while no process of Darkroom runs."""

from datetime import datetime
from typing import Final

from darkroom.adapters.ledgers.postgres.ledger import PostgresGenerationLedger
from darkroom.adapters.ledgers.rows import decode
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as
from darkroom.adapters.postgres.locks import held_keys, lock_key
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.use_cases.restored import revisions_after_restore

_UNFINISHED: Final = "SELECT * FROM generations WHERE finished_at IS NULL"
_HOLDERS: Final = "SELECT DISTINCT holder::text FROM spools"


async def require_no_worker(database: PostgresDatabase) -> None:
    """Return if no process uses the ledger.

    Raises:
        LedgerUnavailable: a process uses it, or the database does not answer.
    """
    with faults_as(LedgerUnavailable, "the ledger cannot be read now"):
        async with database.session() as session:
            holders = await session.fetch(_HOLDERS)
            held = await held_keys(session)
            if any(lock_key("holder", row["holder"]) in held for row in holders):
                raise LedgerUnavailable("a Darkroom process is using the database: stop every service first")


async def end_what_may_have_left(database: PostgresDatabase, ledger: PostgresGenerationLedger, at: datetime) -> int:
    """End every order that had not been submitted when the dump was made; return how many.

    Raises:
        LedgerUnavailable: the database does not answer; orders that were ended before stay ended.
    """
    with faults_as(LedgerUnavailable, "the ledger cannot be read now"):
        async with database.session() as session:
            rows = await session.fetch(_UNFINISHED)
    ended = 0
    for row in rows:
        revisions = revisions_after_restore(decode(row), at)
        for revision in revisions:
            await ledger.record(revision)
        ended += bool(revisions)
    return ended
