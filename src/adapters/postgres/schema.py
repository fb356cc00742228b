"""The schema of the Postgres database, as a list of migrations.

generations: `worker` wrote the latest revision, and works on the row while `finished_at` is NULL. `spool` holds the
bytes of the `waiting` images, under the spool's names for them. `counted` images count against the caller's limit,
`cost_millionths` of `currency` against limits in money. `stored` images are in the storage, and `to_remove` keys of
images that were deleted one by one may be. No index has a column that changes before the end, and pages have free
space, so that a commit before it stays in its page (a heap-only tuple). Vacuum runs often, so that the sums for limits
come from index-only scans.
calls: a row exists until the call is answered, or `cut_at` is long ago; `worker` serves it until then.
webhooks: a row exists until it is delivered; `due_at` is NULL if it was given up.
spools: the `holder` of each spool, valid as long as one of its processes has the holder's advisory lock.
usage_sums: sums over the counted rows of an hour (UTC), maintained by triggers; currency '' means none. `stored` images
are in the storage, `drawn` images are or were. Sessions of different shards update different rows, and so do not wait
for each other.
"""

from typing import Final

import asyncpg

from darkroom.adapters.postgres.connecting import Session
from darkroom.adapters.postgres.locks import lock_key
from darkroom.domain.model.errors import InvalidValue, LedgerUnavailable

# Numbered by position. A released migration is never changed: add another one.
MIGRATIONS: Final = (
    """
    CREATE TABLE generations (
        id uuid PRIMARY KEY,
        caller text COLLATE "C" NOT NULL,
        key text COLLATE "C",
        fingerprint text NOT NULL,
        version text COLLATE "C" NOT NULL,
        generator text NOT NULL,
        samples integer NOT NULL,
        created_at timestamptz NOT NULL,
        finished_at timestamptz,
        erased_at timestamptz,
        state text NOT NULL,
        revision integer NOT NULL,
        worker uuid NOT NULL,
        spool uuid NOT NULL,
        waiting text[] NOT NULL,
        counted integer NOT NULL,
        stored integer NOT NULL,
        prompts_kept boolean NOT NULL,
        cost_millionths bigint,
        currency text,
        receipt bytea,
        request json NOT NULL,
        outcome json NOT NULL
    ) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
    CREATE UNIQUE INDEX generations_by_key ON generations (caller, key) WHERE key IS NOT NULL;
    CREATE INDEX generations_of_caller ON generations (caller, id) WHERE erased_at IS NULL;
    CREATE INDEX generations_counted ON generations (caller, created_at) INCLUDE (counted);
    CREATE INDEX generations_paid ON generations (currency, created_at) INCLUDE (cost_millionths)
        WHERE currency IS NOT NULL;
    CREATE INDEX generations_unfinished ON generations (worker) WHERE finished_at IS NULL;
    CREATE INDEX generations_to_erase ON generations (created_at) WHERE erased_at IS NULL;
    CREATE INDEX generations_to_forget ON generations (created_at) WHERE prompts_kept;
    CREATE INDEX generations_to_empty ON generations (erased_at) WHERE erased_at IS NOT NULL AND stored > 0;

    CREATE TABLE reservations (generator text NOT NULL, at timestamptz NOT NULL, images integer NOT NULL);

    CREATE TABLE spooled (name text COLLATE "C" PRIMARY KEY, data bytea NOT NULL);
    ALTER TABLE spooled ALTER COLUMN data SET STORAGE EXTERNAL; -- images are compressed already
    """,
    """
    CREATE TABLE revoked_tokens (jti text COLLATE "C" PRIMARY KEY, until timestamptz NOT NULL);
    """,
    "CREATE INDEX generations_lasted ON generations (version, finished_at) WHERE stored > 0",
    """
    CREATE TABLE webhooks (generation uuid PRIMARY KEY, due_at timestamptz, attempts integer NOT NULL DEFAULT 0);
    CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;
    """,
    # The sums of a caller's images and money are both read from this index alone.
    """
    CREATE TABLE issued_tokens (
        name text COLLATE "C" PRIMARY KEY,
        jti text COLLATE "C" NOT NULL,
        caller text COLLATE "C" NOT NULL,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        allowed json NOT NULL
    );
    DROP INDEX generations_counted;
    CREATE INDEX generations_counted ON generations (caller, created_at) INCLUDE (counted, currency, cost_millionths);
    """,
    """
    CREATE TABLE spools (spool uuid PRIMARY KEY, holder uuid NOT NULL);
    LOCK TABLE generations IN SHARE ROW EXCLUSIVE MODE; -- processes of the release before go on writing
    CREATE TABLE usage_sums (
        caller text COLLATE "C" NOT NULL,
        hour timestamp NOT NULL,
        version text COLLATE "C" NOT NULL,
        currency text NOT NULL,
        shard smallint NOT NULL,
        images bigint NOT NULL,
        drawn bigint NOT NULL,
        stored bigint NOT NULL,
        in_doubt bigint NOT NULL,
        cost bigint NOT NULL,
        PRIMARY KEY (caller, hour, version, currency, shard)
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
    INSERT INTO usage_sums
    SELECT caller, date_trunc('hour', created_at AT TIME ZONE 'UTC'), version, coalesce(currency, ''), 0, sum(counted),
        sum(CASE state WHEN 'stored' THEN samples ELSE stored END), sum(stored),
        coalesce(sum(samples) FILTER (WHERE state = 'unknown'), 0), coalesce(sum(cost_millionths), 0)
    FROM generations WHERE counted > 0 GROUP BY 1, 2, 3, 4;
    CREATE FUNCTION keep_usage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO usage_sums AS kept
        SELECT caller, date_trunc('hour', created_at AT TIME ZONE 'UTC'), version, coalesce(currency, ''),
            pg_backend_pid() % 32, sum(sign * counted),
            sum(CASE sign WHEN 1 THEN greatest(stored - coalesce(OLD.stored, 0), 0) ELSE 0 END), sum(sign * stored),
            sum(CASE state WHEN 'unknown' THEN sign * samples ELSE 0 END), sum(sign * coalesce(cost_millionths, 0))
        FROM (SELECT 1 AS sign, NEW.* UNION ALL SELECT -1, OLD.* WHERE TG_OP = 'UPDATE') AS changed
        WHERE counted > 0 GROUP BY 1, 2, 3, 4
        ON CONFLICT (caller, hour, version, currency, shard) DO UPDATE SET
            images = kept.images + excluded.images, drawn = kept.drawn + excluded.drawn,
            stored = kept.stored + excluded.stored, in_doubt = kept.in_doubt + excluded.in_doubt,
            cost = kept.cost + excluded.cost;
        RETURN NULL;
    END $$;
    CREATE TRIGGER usage_of_received AFTER INSERT ON generations FOR EACH ROW
        WHEN (NEW.counted > 0) EXECUTE FUNCTION keep_usage();
    CREATE TRIGGER usage_of_changed AFTER UPDATE ON generations FOR EACH ROW
        WHEN (
            ROW (OLD.counted, OLD.stored, OLD.currency, OLD.cost_millionths, OLD.state = 'unknown')
            IS DISTINCT FROM ROW (NEW.counted, NEW.stored, NEW.currency, NEW.cost_millionths, NEW.state = 'unknown')
        )
        EXECUTE FUNCTION keep_usage();
    """,
    """
    ALTER TABLE generations ADD COLUMN to_remove integer NOT NULL DEFAULT 0;
    CREATE INDEX generations_to_remove_from ON generations (id) WHERE to_remove > 0;
    """,
    """
    CREATE TABLE calls (
        caller text COLLATE "C" NOT NULL,
        body text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        key text COLLATE "C" NOT NULL,
        worker uuid NOT NULL,
        spool uuid NOT NULL,
        cut_at timestamptz,
        PRIMARY KEY (caller, body, id)
    );
    CREATE INDEX calls_open ON calls (worker) WHERE cut_at IS NULL;
    CREATE INDEX calls_cut ON calls (cut_at) WHERE cut_at IS NOT NULL;
    """,
    "ALTER TABLE webhooks ADD COLUMN claimed_at timestamptz",
)


_VERSION: Final = "SELECT coalesce(max(number), 0) FROM ledger_migrations"
_WITHOUT_RIGHTS: Final = """
    SELECT name FROM unnest($1::text[], $2::text[]) AS needed (name, rights)
    WHERE to_regclass(name) IS NOT NULL AND NOT (
        SELECT bool_and(has_table_privilege(to_regclass(name), part)) FROM regexp_split_to_table(rights, ', ') AS part
    )
"""
_ALL: Final = "SELECT, INSERT, UPDATE, DELETE"
_RIGHTS: Final = {
    "ledger_migrations": "SELECT",
    **dict.fromkeys(("generations", "reservations", "spooled", "spools", "calls"), _ALL),
    **dict.fromkeys(("revoked_tokens", "issued_tokens", "webhooks", "usage_sums"), _ALL),
}


async def migrate(session: Session) -> None:
    """Run the missing migrations in one transaction; of concurrent processes, one does.

    Without missing migrations, the role needs no right to create tables.

    Raises:
        InvalidValue: the role lacks rights.
        LedgerUnavailable: a later release has written the schema.
    """
    await _require_rights(session)
    try:
        if await version_of(session) < len(MIGRATIONS):
            async with session.transaction():
                await session.execute("SELECT pg_advisory_xact_lock($1)", lock_key("schema", "migrations"))
                await session.execute("CREATE TABLE IF NOT EXISTS ledger_migrations (number integer PRIMARY KEY)")
                version = await session.fetchval(_VERSION)
                for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
                    await session.execute(statements)
                    await session.execute("INSERT INTO ledger_migrations (number) VALUES ($1)", number)
    except asyncpg.InsufficientPrivilegeError as refused:
        role, schema = await session.fetchrow("SELECT current_user, current_schema()")  # type: ignore[misc]  # one row
        raise InvalidValue(
            f"must name a role that may bring the tables up to date, not {role} ({refused}): GRANT USAGE, CREATE ON "
            f"SCHEMA {schema} TO {role}, or let the owner of the tables start this release once"
        ) from refused
    await _require_rights(session)


async def version_of(session: Session) -> int:
    """Return the version of the schema; 0 if there are no tables yet.

    Raises:
        LedgerUnavailable: a later release has written the schema.
    """
    if await session.fetchval("SELECT to_regclass('ledger_migrations')") is None:
        return 0
    version: int = await session.fetchval(_VERSION)
    if version > len(MIGRATIONS):
        raise LedgerUnavailable(f"the ledger is at version {version}; this release knows {len(MIGRATIONS)}")
    return version


async def _require_rights(session: Session) -> None:
    if withheld := await session.fetch(_WITHOUT_RIGHTS, list(_RIGHTS), list(_RIGHTS.values())):
        names = ", ".join(row["name"] for row in withheld)
        raise InvalidValue(f"must name a role that may read and write the tables: GRANT {_ALL} ON {names}")
