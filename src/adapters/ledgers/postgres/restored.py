"""After the database was restored from a dump, while no process of Darkroom runs."""

from datetime import datetime
from typing import Final

from darkroom.adapters.ledgers.postgres.ledger import PostgresGenerationLedger
from darkroom.adapters.ledgers.rows import decode
from darkroom.adapters.postgres.database import PostgresDatabase
from darkroom.adapters.postgres.faults import faults_as
from darkroom.adapters.postgres.locks import lock_key
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.domain.use_cases.restored import revisions_after_restore

_UNFINISHED: Final = "SELECT * FROM generations WHERE finished_at IS NULL"
_HOLDERS: Final = "SELECT DISTINCT holder::text FROM spools"
_HELD: Final = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND (classid::bigint << 32) | objid::bigint = ANY ($1::bigint[])
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def require_no_worker(database: PostgresDatabase) -> None:
    """Make sure that no process is at work at the ledger.

    Raises:
        LedgerUnavailable: one is, or the database does not answer.
    """
    with faults_as(LedgerUnavailable, "the ledger cannot be read just now"):
        async with database.session() as session:
            keys = [lock_key("holder", row["holder"]) for row in await session.fetch(_HOLDERS)]
            if await session.fetchval(_HELD, keys):
                raise LedgerUnavailable("a process of Darkroom is at work at the database: stop every service first")


async def end_what_may_have_left(database: PostgresDatabase, ledger: PostgresGenerationLedger, at: datetime) -> int:
    """End every order that had not left when the dump was made; return how many.

    Raises:
        LedgerUnavailable: the database does not answer; what is ended by then stays so.
    """
    with faults_as(LedgerUnavailable, "the ledger cannot be read just now"):
        async with database.session() as session:
            rows = await session.fetch(_UNFINISHED)
    ended = 0
    for row in rows:
        revisions = revisions_after_restore(decode(row), at)
        for revision in revisions:
            await ledger.record(revision)
        ended += bool(revisions)
    return ended
