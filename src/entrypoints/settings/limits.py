"""Settings of what may be ordered, spent and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from darkroom.domain.model.money import Money
from darkroom.domain.model.price import MegapixelPrice
from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """The ledger, in which orders are recorded."""

    url: Annotated[
        Secret,
        Setting(
            "DARKROOM_LEDGER_URL",
            read.ledger_url,
            "`sqlite:FILE`, or `postgresql://...` for several machines",
            "sqlite: in the data folder",
            confidential=True,
        ),
    ] = Secret("sqlite:")  # noqa: RUF009  # frozen
    password: Annotated[
        Secret | None,
        Setting(
            "DARKROOM_LEDGER_PASSWORD",
            read.secret,
            "the password for PostgreSQL, as it is; goes before one in the URL, where it would be percent-encoded",
            "the one in the URL, or of PGPASSFILE",
        ),
    ] = None
    dead_after: Annotated[
        float,
        Setting(
            "DARKROOM_WORKER_DEAD_AFTER",
            read.seconds,
            "PostgreSQL: seconds without a lease after which a worker on another machine is called dead, and its work "
            "is taken up; outages that are shorter cost nothing",
        ),
    ] = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """Limits on work, orders and money, and retention."""

    store_timeout: Annotated[
        float,
        Setting(
            "DARKROOM_STORE_TIMEOUT",
            read.seconds,
            "seconds to store before the client is answered `storage-unavailable`",
        ),
    ] = 20
    keep_timeout: Annotated[
        float,
        Setting(
            "DARKROOM_KEEP_TIMEOUT",
            read.seconds,
            "seconds that a call of the ledger or the spool may take once money was spent, until it is tried again",
        ),
    ] = 5
    begin_timeout: Annotated[
        float,
        Setting(
            "DARKROOM_BEGIN_TIMEOUT",
            read.seconds,
            "seconds that an order waits for a ledger that does not answer, before anything is spent: then 503",
        ),
    ] = 10
    drain_timeout: Annotated[
        float | None,
        Setting(
            "DARKROOM_DRAIN_TIMEOUT",
            read.seconds,
            "seconds that a stop waits for what was begun",
            "the longest time limit of a generator in use, its fetch and DARKROOM_STORE_TIMEOUT together",
        ),
    ] = None
    lost_spool_after: Annotated[
        timedelta | None,
        Setting(
            "DARKROOM_LOST_SPOOL_AFTER",
            read.duration,
            "how long drawn images may be out of reach, in a spool that no living process holds, until their "
            "generations are given up: `7d`, `12h`",
            "never; see `darkroom recover`",
        ),
    ] = None
    max_in_flight: Annotated[
        int,
        Setting(
            "DARKROOM_MAX_IN_FLIGHT",
            read.whole(1, 100_000),
            "for all workers together: generations drawn at once",
            least_share=1,
        ),
    ] = 64
    max_queued: Annotated[
        int,
        Setting(
            "DARKROOM_MAX_QUEUED",
            read.whole(0, 1_000_000),
            "for all workers together: generations waiting for that; beyond: 503 `overloaded`",
            least_share=0,
        ),
    ] = 64
    max_streams: Annotated[
        int,
        Setting(
            "DARKROOM_MAX_STREAMS",
            read.whole(0, 100_000),
            "for all workers together: streams of progress open at once; "
            "when all are taken each caller has a share, and beyond that 503 `overloaded`",
            least_share=0,
        ),
    ] = 256
    spool_bytes: Annotated[
        int,
        Setting(
            "DARKROOM_SPOOL_BYTES",
            read.byte_count,
            "room for what is drawn and not stored; at four fifths admission stops",
            "1 GiB",
        ),
    ] = 2**30
    memory_bytes: Annotated[
        int,
        Setting(
            "DARKROOM_MEMORY_BYTES",
            read.byte_count,
            "for all workers together: images in memory at once on their way from a provider, and as many on their way "
            "to the storage; what finds no room waits on the disk",
            "256 MiB",
            least_share=1,
        ),
    ] = 256 * 2**20
    image_bytes: Annotated[
        int,
        Setting(
            "DARKROOM_IMAGE_BYTES",
            read.byte_count,
            "how long one image may be that comes from a provider, whatever size was ordered",
            "64 MiB",
        ),
    ] = 64 * 2**20
    evidence_bytes: Annotated[
        int,
        Setting(
            "DARKROOM_EVIDENCE_BYTES",
            read.byte_count,
            "room for what providers sent and could not be used; the oldest goes first",
            "1 GiB",
        ),
    ] = 2**30
    images_per_day: Annotated[
        int | None,
        Setting(
            "DARKROOM_IMAGES_PER_DAY",
            read.whole(0),
            "images one caller may order in 24 h; the token's claim `images_per_day` goes before it",
            "unlimited",
        ),
    ] = None
    prices: Annotated[
        Mapping[str, Money | MegapixelPrice],
        Setting(
            "DARKROOM_PRICES",
            read.prices,
            "what an image costs, `v2.1=0.02 USD,...`; or a megapixel, `flux=0.03 USD/MP`; or the first and each "
            "further one, `flux=0.03+0.015 USD/MP`; or an image of a size, `gpt-image-2@1024x1024=0.04 USD`",
            "none",
        ),
    ] = field(default_factory=dict)
    spend_per_day: Annotated[
        Money | None,
        Setting(
            "DARKROOM_SPEND_PER_DAY", read.money, "what the whole service may spend in 24 h: `10 USD`", "unlimited"
        ),
    ] = None
    spend_per_day_per_caller: Annotated[
        Money | None,
        Setting(
            "DARKROOM_SPEND_PER_DAY_PER_CALLER",
            read.money,
            "what one caller may spend in 24 h: `1 USD`; the token's claim `spend_per_day` goes before it; models "
            "without a price in that currency are then refused",
            "unlimited",
        ),
    ] = None
    retention: Annotated[
        timedelta | None, Setting("DARKROOM_RETENTION_DAYS", read.days, "days that images and rows are kept", "forever")
    ] = None
    prompt_retention: Annotated[
        timedelta | None, Setting("DARKROOM_PROMPT_RETENTION_DAYS", read.days, "days that prompts are kept", "forever")
    ] = None
