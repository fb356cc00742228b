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
            "the password for PostgreSQL, not encoded; it takes precedence over one in the URL, which must be "
            "percent-encoded",
            "the one in the URL or in PGPASSFILE",
        ),
    ] = None
    dead_after: Annotated[
        float,
        Setting(
            "DARKROOM_WORKER_DEAD_AFTER",
            read.seconds,
            "PostgreSQL: seconds without a lease after which a worker on another machine counts as dead and its "
            "work is taken over; shorter outages have no effect",
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
            "seconds for storing, after which the caller is answered `storage-unavailable`",
        ),
    ] = 20
    keep_timeout: Annotated[
        float,
        Setting(
            "DARKROOM_KEEP_TIMEOUT",
            read.seconds,
            "seconds after which a call to the ledger or the spool is tried again once money was spent",
        ),
    ] = 5
    begin_timeout: Annotated[
        float,
        Setting(
            "DARKROOM_BEGIN_TIMEOUT",
            read.seconds,
            "seconds that an order waits for a ledger that does not answer, before anything is spent; then it is "
            "answered with 503",
        ),
    ] = 10
    drain_timeout: Annotated[
        float | None,
        Setting(
            "DARKROOM_DRAIN_TIMEOUT",
            read.seconds,
            "seconds that a stop waits for work that was begun",
            "the longest time limit of a generator in use, its fetch and DARKROOM_STORE_TIMEOUT together",
        ),
    ] = None
    lost_spool_after: Annotated[
        timedelta | None,
        Setting(
            "DARKROOM_LOST_SPOOL_AFTER",
            read.duration,
            "how long images may be out of reach, in a spool that no living process holds, before their "
            "generations are given up: `7d`, `12h`",
            "never; see `darkroom recover`",
        ),
    ] = None
    max_in_flight: Annotated[
        int,
        Setting(
            "DARKROOM_MAX_IN_FLIGHT",
            read.whole(1, 100_000),
            "for all workers together: generations drawn at the same time",
            least_share=1,
        ),
    ] = 64
    max_queued: Annotated[
        int,
        Setting(
            "DARKROOM_MAX_QUEUED",
            read.whole(0, 1_000_000),
            "for all workers together: generations that wait to be drawn; further ones get 503 `overloaded`",
            least_share=0,
        ),
    ] = 64
    max_streams: Annotated[
        int,
        Setting(
            "DARKROOM_MAX_STREAMS",
            read.whole(0, 100_000),
            "for all workers together: streams of progress that are open at once; if all are taken, each caller "
            "has a share, and gets 503 `overloaded` beyond it",
            least_share=0,
        ),
    ] = 256
    spool_bytes: Annotated[
        int,
        Setting(
            "DARKROOM_SPOOL_BYTES",
            read.byte_count,
            "disk space for images that are not stored yet; at four fifths of it no more orders are accepted",
            "1 GiB",
        ),
    ] = 2**30
    memory_bytes: Annotated[
        int,
        Setting(
            "DARKROOM_MEMORY_BYTES",
            read.byte_count,
            "for all workers together: bytes of images in memory; a quarter for those that arrive, one for their "
            "marked copies, one for those on their way to the storage, one for answers; further ones wait on the disk",
            "512 MiB",
            least_share=1,
        ),
    ] = 512 * 2**20
    image_bytes: Annotated[
        int,
        Setting(
            "DARKROOM_IMAGE_BYTES",
            read.byte_count,
            "the largest image that is accepted from a provider, whatever size was ordered",
            "64 MiB",
        ),
    ] = 64 * 2**20
    evidence_bytes: Annotated[
        int,
        Setting(
            "DARKROOM_EVIDENCE_BYTES",
            read.byte_count,
            "disk space for answers of providers that could not be used; the oldest are removed first",
            "1 GiB",
        ),
    ] = 2**30
    images_per_day: Annotated[
        int | None,
        Setting(
            "DARKROOM_IMAGES_PER_DAY",
            read.whole(0),
            "images that one caller may order in 24 h; the token's claim `images_per_day` takes precedence",
            "unlimited",
        ),
    ] = None
    prices: Annotated[
        Mapping[str, Money | MegapixelPrice],
        Setting(
            "DARKROOM_PRICES",
            read.prices,
            "the price of an image, `v2.1=0.02 USD,...`; or of a megapixel, `flux=0.03 USD/MP`; or of the first "
            "and each further one, `flux=0.03+0.015 USD/MP`; or of an image of a size, `gpt-image-2@1024x1024=0.04 "
            "USD`",
            "none",
        ),
    ] = field(default_factory=dict)
    spend_per_day: Annotated[
        Money | None,
        Setting(
            "DARKROOM_SPEND_PER_DAY",
            read.money,
            "money that the whole service may spend in 24 h: `10 USD`",
            "unlimited",
        ),
    ] = None
    spend_per_day_per_caller: Annotated[
        Money | None,
        Setting(
            "DARKROOM_SPEND_PER_DAY_PER_CALLER",
            read.money,
            "money that one caller may spend in 24 h: `1 USD`; the token's claim `spend_per_day` takes precedence; "
            "models without a price in that currency are then refused",
            "unlimited",
        ),
    ] = None
    retention: Annotated[
        timedelta | None,
        Setting("DARKROOM_RETENTION_DAYS", read.days, "days for which images and rows are kept", "forever"),
    ] = None
    prompt_retention: Annotated[
        timedelta | None,
        Setting("DARKROOM_PROMPT_RETENTION_DAYS", read.days, "days for which prompts are kept", "forever"),
    ] = None
