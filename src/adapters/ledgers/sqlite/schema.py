"""The schema of the SQLite file, as a list of migrations.

Times are microseconds since the Unix epoch, UTC.

generations: `worker` wrote the latest revision, and works on the row while `finished_at` is NULL. `counted` images
count against the caller's limit, `cost_millionths` of `currency` against limits in money. `stored` images are in the
storage, and `to_remove` keys of images that were deleted one by one may be. No index has a column that changes before
the end, so that a commit before it writes one page.
calls: a row exists until the call is answered, or `cut_at` is long ago; `worker` serves it until then.
webhooks: a row exists until it is delivered; `due_at` is NULL if it was given up.
usage_sums: sums over the counted rows of an hour (since the Unix epoch), maintained by triggers; currency '' means
none. `stored` images are in the storage, `drawn` images are or were.
"""

import sqlite3
from contextlib import closing
from typing import Final

from darkroom.domain.model.errors import LedgerUnavailable

# Numbered by position. A released migration is never changed: add another one.
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
        # The sums of a caller's images and money are both read from this index alone.
        "DROP INDEX generations_counted",
        """
        CREATE INDEX generations_counted ON generations (caller, created_at, counted, currency, cost_millionths)
        """,
    ),
    (
        """
        CREATE TABLE usage_sums (
            caller TEXT NOT NULL,
            hour INTEGER NOT NULL,
            version TEXT NOT NULL,
            currency TEXT NOT NULL,
            images INTEGER NOT NULL,
            drawn INTEGER NOT NULL,
            stored INTEGER NOT NULL,
            in_doubt INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            PRIMARY KEY (caller, hour, version, currency)
        ) WITHOUT ROWID
        """,
        """
        INSERT INTO usage_sums
        SELECT caller, created_at / 3600000000, version, coalesce(currency, ''), sum(counted),
            sum(iif(state = 'stored', samples, stored)), sum(stored),
            sum(iif(state = 'unknown', samples, 0)), coalesce(sum(cost_millionths), 0)
        FROM generations WHERE counted > 0 GROUP BY 1, 2, 3, 4
        """,
        """
        CREATE TRIGGER usage_of_received AFTER INSERT ON generations WHEN NEW.counted > 0 BEGIN
        INSERT INTO usage_sums VALUES (
            NEW.caller, NEW.created_at / 3600000000, NEW.version, coalesce(NEW.currency, ''), NEW.counted, NEW.stored,
            NEW.stored, iif(NEW.state = 'unknown', NEW.samples, 0), coalesce(NEW.cost_millionths, 0)
        )
        ON CONFLICT (caller, hour, version, currency) DO UPDATE SET
            images = images + excluded.images, drawn = drawn + excluded.drawn, stored = stored + excluded.stored,
            in_doubt = in_doubt + excluded.in_doubt, cost = cost + excluded.cost;
        END
        """,
        """
        CREATE TRIGGER usage_of_changed AFTER UPDATE OF counted, stored, currency, cost_millionths ON generations
        WHEN OLD.currency IS NEW.currency
            AND (OLD.counted, OLD.stored, OLD.cost_millionths, OLD.state = 'unknown')
            IS NOT (NEW.counted, NEW.stored, NEW.cost_millionths, NEW.state = 'unknown')
        BEGIN
        INSERT INTO usage_sums VALUES (
            NEW.caller, NEW.created_at / 3600000000, NEW.version, coalesce(NEW.currency, ''),
            NEW.counted - OLD.counted,
            iif(NEW.counted > 0, max(NEW.stored - OLD.stored, 0), 0),
            iif(NEW.counted > 0, NEW.stored, 0) - iif(OLD.counted > 0, OLD.stored, 0),
            iif(NEW.counted > 0 AND NEW.state = 'unknown', NEW.samples, 0)
                - iif(OLD.counted > 0 AND OLD.state = 'unknown', OLD.samples, 0),
            iif(NEW.counted > 0, coalesce(NEW.cost_millionths, 0), 0)
                - iif(OLD.counted > 0, coalesce(OLD.cost_millionths, 0), 0)
        )
        ON CONFLICT (caller, hour, version, currency) DO UPDATE SET
            images = images + excluded.images, drawn = drawn + excluded.drawn, stored = stored + excluded.stored,
            in_doubt = in_doubt + excluded.in_doubt, cost = cost + excluded.cost;
        END
        """,
        """
        CREATE TRIGGER usage_of_exchanged AFTER UPDATE OF counted, stored, currency, cost_millionths ON generations
        WHEN OLD.currency IS NOT NEW.currency BEGIN
        INSERT INTO usage_sums
        SELECT OLD.caller, OLD.created_at / 3600000000, OLD.version, coalesce(OLD.currency, ''), -OLD.counted,
            0, -OLD.stored, -iif(OLD.state = 'unknown', OLD.samples, 0), -coalesce(OLD.cost_millionths, 0)
        WHERE OLD.counted > 0
        ON CONFLICT (caller, hour, version, currency) DO UPDATE SET
            images = images + excluded.images, drawn = drawn + excluded.drawn, stored = stored + excluded.stored,
            in_doubt = in_doubt + excluded.in_doubt, cost = cost + excluded.cost;
        INSERT INTO usage_sums
        SELECT NEW.caller, NEW.created_at / 3600000000, NEW.version, coalesce(NEW.currency, ''), NEW.counted,
            max(NEW.stored - OLD.stored, 0), NEW.stored,
            iif(NEW.state = 'unknown', NEW.samples, 0), coalesce(NEW.cost_millionths, 0)
        WHERE NEW.counted > 0
        ON CONFLICT (caller, hour, version, currency) DO UPDATE SET
            images = images + excluded.images, drawn = drawn + excluded.drawn, stored = stored + excluded.stored,
            in_doubt = in_doubt + excluded.in_doubt, cost = cost + excluded.cost;
        END
        """,
    ),
    (
        "ALTER TABLE generations ADD COLUMN to_remove INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX generations_to_remove_from ON generations (id) WHERE to_remove > 0",
    ),
    (
        """
        CREATE TABLE calls (
            caller TEXT NOT NULL,
            body TEXT NOT NULL,
            id TEXT NOT NULL,
            key TEXT NOT NULL,
            worker TEXT NOT NULL,
            cut_at INTEGER,
            PRIMARY KEY (caller, body, id)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX calls_open ON calls (worker) WHERE cut_at IS NULL",
        "CREATE INDEX calls_cut ON calls (cut_at) WHERE cut_at IS NOT NULL",
    ),
    ("ALTER TABLE webhooks ADD COLUMN claimed_at INTEGER",),
)


def migrate(connection: sqlite3.Connection) -> None:
    """Run the missing migrations, in one transaction.

    Raises:
        LedgerUnavailable: a later release has written the file.
    """
    connection.execute("BEGIN IMMEDIATE")
    _bring(connection, _known_version(connection), len(MIGRATIONS))
    connection.execute("COMMIT")


def require_ledger(connection: sqlite3.Connection) -> None:
    """Return if the file is a ledger that this release can migrate.

    Raises:
        LedgerUnavailable: it is not a ledger, lacks a table, or a later release has written it.
    """
    version = _known_version(connection)
    if not version:
        raise LedgerUnavailable("the file is not a ledger of Darkroom, or an empty one")
    with closing(sqlite3.connect(":memory:")) as whole:
        _bring(whole, 0, version)
        missing = _tables(whole) - _tables(connection)
    if missing:
        raise LedgerUnavailable(f"the ledger is damaged: it has no {' and no '.join(sorted(missing))}")


def _known_version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise LedgerUnavailable(f"the ledger is at version {version}; this release knows {len(MIGRATIONS)}")
    return version


def _bring(connection: sqlite3.Connection, version: int, to: int) -> None:
    for number, statements in enumerate(MIGRATIONS[version:to], start=version + 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
