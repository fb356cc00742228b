"""What the SQLite file holds, and how it came to that, step by step.

Times are microseconds since the Unix epoch, UTC. `worker` wrote the row's latest revision; as long as `finished_at`
is empty it is at work on it. `counted` images count against the caller's limit, `cost_millionths` of `currency`
against the service's. No index is on a column that changes before the end, so that a commit on the way writes one page.
A webhook is there until it was delivered; one that was given up is never due again.
"""

import sqlite3
from typing import Final

from darkroom.domain.model.errors import LedgerUnavailable

# Numbered by their place. A step that was ever released is never changed: another one follows it.
MIGRATIONS: Final = (
    (
        """
        CREATE TABLE generations (
            id TEXT PRIMARY KEY,
            caller TEXT NOT NULL,
            key TEXT,
            fingerprint TEXT NOT NULL,
            version TEXT NOT NULL,
            generator TEXT NOT NULL,
            samples INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            finished_at INTEGER,
            erased_at INTEGER,
            state TEXT NOT NULL,
            revision INTEGER NOT NULL,
            worker TEXT NOT NULL,
            counted INTEGER NOT NULL,
            stored INTEGER NOT NULL,
            prompts_kept INTEGER NOT NULL,
            cost_millionths INTEGER,
            currency TEXT,
            receipt BLOB,
            request TEXT NOT NULL,
            outcome TEXT NOT NULL
        )
        """,
        "CREATE UNIQUE INDEX generations_by_key ON generations (caller, key) WHERE key IS NOT NULL",
        "CREATE INDEX generations_of_caller ON generations (caller, id) WHERE erased_at IS NULL",
        "CREATE INDEX generations_counted ON generations (caller, created_at, counted)",
        """
        CREATE INDEX generations_paid ON generations (currency, created_at, cost_millionths)
        WHERE currency IS NOT NULL
        """,
        "CREATE INDEX generations_unfinished ON generations (worker) WHERE finished_at IS NULL",
        "CREATE INDEX generations_to_erase ON generations (created_at) WHERE erased_at IS NULL",
        "CREATE INDEX generations_to_forget ON generations (created_at) WHERE prompts_kept",
        "CREATE INDEX generations_to_empty ON generations (erased_at) WHERE erased_at IS NOT NULL AND stored > 0",
        "CREATE TABLE reservations (generator TEXT NOT NULL, at INTEGER NOT NULL, images INTEGER NOT NULL)",
    ),
    ("CREATE TABLE revoked_tokens (jti TEXT PRIMARY KEY, until INTEGER NOT NULL)",),
    ("CREATE INDEX generations_lasted ON generations (version, finished_at) WHERE stored > 0",),
    (
        """
        CREATE TABLE webhooks (
            generation TEXT PRIMARY KEY,
            due_at INTEGER,
            attempts INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID
        """,
        "CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL",
    ),
    (
        """
        CREATE TABLE issued_tokens (
            name TEXT PRIMARY KEY,
            jti TEXT NOT NULL,
            caller TEXT NOT NULL,
            issued_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            allowed TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        # The caller's money is limited as well as its images: both sums are read from one index.
        "DROP INDEX generations_counted",
        """
        CREATE INDEX generations_counted ON generations (caller, created_at, counted, currency, cost_millionths)
        """,
    ),
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file up to date.

    Raises:
        LedgerUnavailable: a later release has written it.
    """
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise LedgerUnavailable(f"the ledger is at version {version}; this release knows {len(MIGRATIONS)}")
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("COMMIT")
