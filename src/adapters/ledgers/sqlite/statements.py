"""The SQL of the SQLite ledger."""

from typing import Final

INSERT: Final = """
    INSERT INTO generations (
        id, caller, key, fingerprint, version, generator, samples, created_at, finished_at, erased_at,
        state, revision, worker, counted, stored, prompts_kept, cost_millionths, currency, receipt, request, outcome,
        to_remove
    ) VALUES (
        :id, :caller, :key, :fingerprint, :version, :generator, :samples, :created_at, :finished_at, :erased_at,
        :state, :revision, :worker, :counted, :stored, :prompts_kept, :cost_millionths, :currency, :receipt,
        :request, :outcome, :to_remove
    )
"""

INSERT_WEBHOOK: Final = "INSERT INTO webhooks (generation, due_at) VALUES (:id, :created_at)"

REARM_WEBHOOK: Final = """
    INSERT INTO webhooks (generation, due_at) VALUES (:id, :due_at)
    ON CONFLICT (generation) DO UPDATE SET due_at = excluded.due_at, attempts = 0
"""

PROMISE: Final = "UPDATE generations SET outcome = :outcome WHERE id = :id"

# The columns that change before the end; none of them is in an index.
ADVANCE: Final = """
    UPDATE generations
    SET state = :state, revision = :revision, worker = :worker, receipt = :receipt, outcome = :outcome,
        generator = :generator, request = :request
    WHERE id = :id AND revision = :revision - 1
"""

FINISH: Final = """
    UPDATE generations
    SET state = :state, revision = :revision, worker = :worker, receipt = :receipt, outcome = :outcome,
        generator = :generator, request = :request,
        key = :key, finished_at = :finished_at, erased_at = :erased_at, counted = :counted, stored = :stored,
        prompts_kept = :prompts_kept, cost_millionths = :cost_millionths, currency = :currency, to_remove = :to_remove
    WHERE id = :id AND revision = :revision - 1
"""

FIND: Final = "SELECT * FROM generations WHERE id = ?"

FIND_BY_KEY: Final = "SELECT * FROM generations WHERE caller = ? AND key = ?"

PAGE: Final = """
    SELECT * FROM generations
    WHERE caller = :caller AND erased_at IS NULL AND id < coalesce(:before, '~')
    ORDER BY id DESC LIMIT :limit
"""

LOOK: Final = """
    SELECT id, state, version, prompts_kept, request FROM generations
    WHERE caller = :caller AND erased_at IS NULL AND id < coalesce(:before, '~')
    ORDER BY id DESC LIMIT :limit
"""
FIND_SOME: Final = """
    SELECT * FROM generations WHERE id IN (SELECT value FROM json_each(?)) AND erased_at IS NULL ORDER BY id DESC
"""

UNFINISHED: Final = "SELECT id, revision FROM generations WHERE finished_at IS NULL AND worker = ?"

OTHER_WORKERS: Final = """
    SELECT worker FROM generations WHERE finished_at IS NULL AND worker <> :worker
    UNION SELECT worker FROM calls WHERE cut_at IS NULL AND worker <> :worker
"""

TAKE: Final = """
    UPDATE generations SET worker = :taker, revision = revision + 1
    WHERE id IN (
        SELECT id FROM generations
        WHERE finished_at IS NULL
        AND (
            worker IN (SELECT value FROM json_each(:dead))
            OR (id, revision) IN (SELECT key, value FROM json_each(:idle))
        )
        LIMIT :limit
    )
    RETURNING *
"""

ABANDONED: Final = """
    SELECT * FROM generations WHERE finished_at IS NULL AND worker IN (SELECT value FROM json_each(:dead))
    ORDER BY id LIMIT :limit
"""

# Reservations in the future were made by a clock that has been set back since.
PRUNE_RESERVATIONS: Final = "DELETE FROM reservations WHERE at <= :since OR at >= :until"
RESERVED: Final = "SELECT coalesce(sum(images), 0) FROM reservations WHERE generator = :generator"
RESERVE: Final = "INSERT INTO reservations (generator, at, images) VALUES (:generator, :now, :images)"
ROOM_TO_RESERVE_AT: Final = """
    SELECT at FROM (
        SELECT at, sum(images) OVER (ORDER BY at) AS gone FROM reservations WHERE generator = :generator
    ) WHERE gone >= :excess LIMIT 1
"""

# Ids begin with their time, so the rows are found by primary key, without an index on the time.
_AHEAD: Final = "FROM generations WHERE id >= :first AND (created_at >= :ahead OR finished_at >= :ahead)"
_WEBHOOKS_AHEAD: Final = "due_at >= :ahead AND (attempts = 0 OR claimed_at >= :ahead)"
IS_AHEAD: Final = f"""
    SELECT EXISTS (SELECT 1 {_AHEAD}) OR EXISTS (SELECT 1 FROM webhooks WHERE {_WEBHOOKS_AHEAD})
"""  # noqa: S608  # built from constants
DATE_BACK: Final = f"""
    UPDATE generations SET
        created_at = iif(created_at >= :ahead, :now, created_at), finished_at = iif(finished_at IS NULL, NULL, :now)
    WHERE id IN (SELECT id {_AHEAD})
"""  # noqa: S608  # built from constants
DATE_WEBHOOKS_BACK: Final = f"UPDATE webhooks SET due_at = :now WHERE {_WEBHOOKS_AHEAD}"  # noqa: S608  # as above
MOVE_USAGE: Final = """
    INSERT INTO usage_sums
    SELECT caller, :now / 3600000000, version, currency, sum(images), sum(drawn), sum(stored), sum(in_doubt), sum(cost)
    FROM usage_sums WHERE hour >= :ahead / 3600000000 GROUP BY caller, version, currency
    ON CONFLICT (caller, hour, version, currency) DO UPDATE SET
        images = images + excluded.images, drawn = drawn + excluded.drawn, stored = stored + excluded.stored,
        in_doubt = in_doubt + excluded.in_doubt, cost = cost + excluded.cost
"""
FORGET_USAGE: Final = "DELETE FROM usage_sums WHERE hour >= :ahead / 3600000000"

# Counts the rows of the hour in which the period begins, and the sums of the hours after it.
USAGE: Final = """
    SELECT
        hour / 24 AS day, caller, version, nullif(currency, '') AS currency, sum(images) AS images,
        sum(drawn) AS drawn, sum(stored) AS stored, sum(in_doubt) AS "unknown", sum(cost) AS cost
    FROM (
        SELECT * FROM usage_sums WHERE hour >= :hour
        UNION ALL
        SELECT caller, created_at / 3600000000, version, coalesce(currency, ''), counted,
            iif(state = 'stored', samples, stored), stored,
            iif(state = 'unknown', samples, 0), coalesce(cost_millionths, 0)
        FROM generations WHERE created_at >= :since AND created_at < :hour * 3600000000 AND counted > 0
    )
    GROUP BY 1, 2, 3, 4 HAVING sum(images) > 0 ORDER BY 1, 2, 3, 4
"""
USAGE_OF_CALLER: Final = USAGE.replace("WHERE", "WHERE caller = :caller AND")

DURATIONS: Final = """
    SELECT finished_at - created_at AS lasted FROM (
        SELECT created_at, finished_at, samples, request -> '$.size' AS size, outcome ->> '$.lifted' AS lifted
        FROM generations WHERE version = :version AND stored > 0 AND state = 'stored'
        ORDER BY finished_at DESC LIMIT 100
    ) WHERE finished_at > created_at AND lifted IS NULL
    AND samples * (size ->> 'width') * (size ->> 'height') BETWEEN :pixels / 2 AND :pixels * 2
"""

# Each kind uses its own index and has its own limit, so that none delays the others.
SWEEPABLE: Final = """
    SELECT * FROM generations WHERE id IN (
        SELECT * FROM (
            SELECT id FROM generations
            WHERE erased_at IS NULL AND created_at < :erase_before AND finished_at IS NOT NULL LIMIT 100
        ) UNION SELECT * FROM (
            SELECT id FROM generations
            WHERE prompts_kept AND created_at < :forget_before AND finished_at IS NOT NULL LIMIT 100
        ) UNION SELECT * FROM (
            SELECT id FROM generations WHERE erased_at IS NOT NULL AND stored > 0 LIMIT 100
        ) UNION SELECT * FROM (
            SELECT id FROM generations WHERE to_remove > 0 LIMIT 100
        )
    )
"""

OUTCOMES: Final = """
    SELECT id, outcome FROM generations WHERE id > :after ORDER BY id LIMIT 500
"""
