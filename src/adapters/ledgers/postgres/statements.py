"""The SQL of the Postgres ledger."""

from typing import Final

# The first nineteen parameters are the columns that may change, in the same order for INSERT and UPDATE.
INSERT: Final = """
    INSERT INTO generations (
        id, revision, state, worker, spool, waiting, key, finished_at, erased_at, counted, stored, prompts_kept,
        cost_millionths, currency, receipt, request, outcome, generator, to_remove,
        caller, fingerprint, version, samples, created_at
    ) VALUES (
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24
    )
    ON CONFLICT DO NOTHING RETURNING true
"""
INSERT_AMONG_MANY: Final = INSERT.replace("RETURNING true", "RETURNING $25::integer")
INSERT_WITH_WEBHOOK: Final = f"""
    WITH received AS ({INSERT.replace("RETURNING true", "RETURNING id, created_at")})
    INSERT INTO webhooks (generation, due_at) SELECT id, created_at FROM received RETURNING true
"""  # noqa: S608  # built from constants
_SET: Final = """
    UPDATE generations SET
        revision = $2, state = $3, worker = $4, spool = $5, waiting = $6, key = $7, finished_at = $8, erased_at = $9,
        counted = $10, stored = $11, prompts_kept = $12, cost_millionths = $13, currency = $14, receipt = $15,
        request = $16, outcome = $17, generator = $18, to_remove = $19
"""
UPDATE: Final = f"{_SET} WHERE id = $1 AND revision = $2 - 1 RETURNING true"

# Skips a row that another process has locked, so that it does not delay the others.
UPDATE_AMONG_MANY: Final = f"""
    {_SET} WHERE id = (
        SELECT id FROM generations WHERE id = $1 AND revision = $2 - 1 FOR NO KEY UPDATE SKIP LOCKED
    )
    RETURNING $20::integer
"""  # noqa: S608  # built from constants

FIND: Final = "SELECT * FROM generations WHERE id = $1"

FIND_AND_LOCK: Final = "SELECT * FROM generations WHERE id = $1 FOR NO KEY UPDATE"

PROMISE: Final = "UPDATE generations SET outcome = $2 WHERE id = $1"

REARM_WEBHOOK: Final = """
    INSERT INTO webhooks (generation, due_at) VALUES ($1, $2)
    ON CONFLICT (generation) DO UPDATE SET due_at = excluded.due_at, attempts = 0
"""

FIND_BY_KEY: Final = "SELECT * FROM generations WHERE caller = $1 AND key = $2"

KEPT: Final = "SELECT * FROM generations WHERE id = $1 OR (caller = $2 AND key = $3)"

PAGE: Final = """
    SELECT * FROM generations
    WHERE caller = $1 AND erased_at IS NULL AND id < $2
    ORDER BY id DESC LIMIT $3
"""

LOOK: Final = """
    SELECT id, state, version, prompts_kept, request FROM generations
    WHERE caller = $1 AND erased_at IS NULL AND id < $2
    ORDER BY id DESC LIMIT $3
"""
FIND_SOME: Final = "SELECT * FROM generations WHERE id = ANY ($1::uuid[]) AND erased_at IS NULL ORDER BY id DESC"

LOCK: Final = "SELECT pg_advisory_xact_lock($1)"

UNFINISHED: Final = "SELECT id, revision FROM generations WHERE finished_at IS NULL AND worker = $1"

OTHER_WORKERS: Final = """
    SELECT worker, bool_or(spool = $2) AS here FROM (
        SELECT worker, spool FROM generations WHERE finished_at IS NULL AND worker <> $1
        UNION ALL SELECT worker, spool FROM calls WHERE cut_at IS NULL AND worker <> $1
    ) AS others GROUP BY worker
"""

# A `drawn` generation can be taken only if its bytes are in reach: in the taker's spool, or all in the database.
TAKE: Final = """
    WITH abandoned AS MATERIALIZED (
        SELECT id FROM generations
        WHERE finished_at IS NULL
        AND (worker = ANY ($3) OR (id, revision) IN (SELECT * FROM unnest($4::uuid[], $5::integer[])))
        AND (state <> 'drawn' OR spool = $2 OR waiting <@ ARRAY(SELECT name FROM spooled WHERE name = ANY (waiting)))
        ORDER BY id LIMIT $6
        FOR UPDATE SKIP LOCKED
    )
    UPDATE generations SET worker = $1, spool = $2, revision = revision + 1
    FROM abandoned WHERE generations.id = abandoned.id
    RETURNING generations.*
"""

ABANDONED: Final = """
    SELECT generations.*, spools.holder FROM generations LEFT JOIN spools USING (spool)
    WHERE finished_at IS NULL AND worker = ANY ($1) ORDER BY id LIMIT $2
"""

# A commit that needs the same locks and rights as that of an order, but writes no row.
WRITE_NOTHING: Final = """
    WITH locked AS (UPDATE generations SET revision = revision WHERE id = '00000000-0000-0000-0000-000000000000')
    SELECT pg_logical_emit_message(true, 'darkroom', 'orders can be written down')
"""

# Reservations in the future were made by a clock that has been set back since.
PRUNE_RESERVATIONS: Final = (
    "DELETE FROM reservations WHERE at NOT BETWEEN now() - interval '1 minute' AND now() + interval '1 minute'"
)
RESERVED: Final = "SELECT coalesce(sum(images), 0)::bigint FROM reservations WHERE generator = $1"
RESERVE: Final = "INSERT INTO reservations (generator, at, images) VALUES ($1, now(), $2)"
SECONDS_UNTIL_ROOM: Final = """
    SELECT extract(epoch FROM at + interval '1 minute' - now())::float8 FROM (
        SELECT at, sum(images) OVER (ORDER BY at) AS gone FROM reservations WHERE generator = $1
    ) AS oldest_first WHERE gone >= $2::bigint ORDER BY at LIMIT 1
"""

# Ids begin with their time, so the rows are found by primary key, without an index on the time.
_AHEAD: Final = "id >= $1 AND (created_at >= $2 OR finished_at >= $2)"
_WEBHOOKS_AHEAD: Final = "due_at >= $2 AND (attempts = 0 OR claimed_at >= $2)"
IS_AHEAD: Final = f"""
    SELECT EXISTS (SELECT FROM generations WHERE {_AHEAD}) OR EXISTS (SELECT FROM webhooks WHERE {_WEBHOOKS_AHEAD})
"""  # noqa: S608  # built from constants
DATE_BACK: Final = f"""
    WITH dated AS (
        UPDATE generations SET
            created_at = CASE WHEN created_at >= $2 THEN $3 ELSE created_at END,
            finished_at = CASE WHEN finished_at IS NOT NULL THEN $3 END
        WHERE {_AHEAD} RETURNING id
    ), due AS (
        UPDATE webhooks SET due_at = $3 WHERE {_WEBHOOKS_AHEAD}
    ), moved AS (
        DELETE FROM usage_sums WHERE hour >= $2 AT TIME ZONE 'UTC' RETURNING *
    ), added AS (
        INSERT INTO usage_sums AS kept
        SELECT caller, date_trunc('hour', $3 AT TIME ZONE 'UTC'), version, currency, shard, sum(images), sum(drawn),
            sum(stored), sum(in_doubt), sum(cost)
        FROM moved GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (caller, hour, version, currency, shard) DO UPDATE SET
            images = kept.images + excluded.images, drawn = kept.drawn + excluded.drawn,
            stored = kept.stored + excluded.stored, in_doubt = kept.in_doubt + excluded.in_doubt,
            cost = kept.cost + excluded.cost
    )
    SELECT count(*) FROM dated
"""  # noqa: S608  # built from constants

# Counts the rows of the hour in which the period begins, and the sums of the hours after it.
USAGE: Final = """
    SELECT
        hour::date AS day, caller, version, nullif(currency, '') AS currency, sum(images)::bigint AS images,
        sum(drawn)::bigint AS drawn, sum(stored)::bigint AS stored, sum(in_doubt)::bigint AS unknown,
        sum(cost)::bigint AS cost
    FROM (
        SELECT caller, hour, version, currency, images, drawn, stored, in_doubt, cost FROM usage_sums
        WHERE hour >= date_trunc('hour', $1::timestamptz AT TIME ZONE 'UTC' + interval '1 hour - 1 microsecond')
        UNION ALL
        SELECT caller, created_at AT TIME ZONE 'UTC', version, coalesce(currency, ''), counted,
            CASE state WHEN 'stored' THEN samples ELSE stored END, stored,
            CASE state WHEN 'unknown' THEN samples ELSE 0 END, coalesce(cost_millionths, 0)
        FROM generations
        WHERE created_at >= $1
        AND created_at < date_trunc('hour', $1::timestamptz AT TIME ZONE 'UTC' + interval '1 hour - 1 microsecond')
            AT TIME ZONE 'UTC'
        AND counted > 0
    ) AS counted
    GROUP BY 1, 2, 3, 4 HAVING sum(images) > 0 ORDER BY 1, 2, 3, 4 NULLS FIRST
"""
USAGE_OF_CALLER: Final = USAGE.replace("WHERE", "WHERE caller = $2 AND")

DURATIONS: Final = """
    SELECT finished_at - created_at AS lasted FROM (
        SELECT created_at, finished_at, samples, request -> 'size' AS size, outcome ->> 'lifted' AS lifted
        FROM generations WHERE version = $1 AND stored > 0 AND state = 'stored'
        ORDER BY finished_at DESC LIMIT 100
    ) AS latest
    WHERE finished_at > created_at AND lifted IS NULL
    AND samples * (size ->> 'width')::bigint * (size ->> 'height')::bigint BETWEEN $2::bigint / 2 AND $2::bigint * 2
"""

# Each kind uses its own index and has its own limit, so that none delays the others.
SWEEPABLE: Final = """
    SELECT * FROM generations WHERE id IN (
        (
            SELECT id FROM generations
            WHERE erased_at IS NULL AND created_at < $1 AND finished_at IS NOT NULL LIMIT 100
        ) UNION (
            SELECT id FROM generations
            WHERE prompts_kept AND created_at < $2 AND finished_at IS NOT NULL LIMIT 100
        ) UNION (
            SELECT id FROM generations WHERE erased_at IS NOT NULL AND stored > 0 LIMIT 100
        ) UNION (
            SELECT id FROM generations WHERE to_remove > 0 LIMIT 100
        )
    )
"""

OUTCOMES: Final = "SELECT id, outcome FROM generations WHERE id > $1 ORDER BY id LIMIT 500"
