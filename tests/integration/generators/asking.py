"""The expected outcomes of faults in polling, which all providers with a queue share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integration.generators.one_call_an_image import OUTCOMES as SHARED_OUTCOMES
from integration.generators.test_karlo_faults import UNKNOWN, UNKNOWN_LATE, Outcome, each

OUTCOMES: Final[Mapping[str, Outcome]] = {
    **SHARED_OUTCOMES,
    **dict(each(UNKNOWN, "poll-401", "poll-403", "poll-404", "poll-410")),
    # Polling is free, so it is repeated until the deadline.
    **dict(each(UNKNOWN_LATE, "never-ending", "status-unknown", "status-missing")),
    **dict(each(UNKNOWN_LATE, "poll-429", "poll-500", "poll-503", "poll-reset", "poll-close", "poll-not-http")),
    **dict(each(UNKNOWN_LATE, "poll-black-hole", "poll-cut-short", "poll-oversized", "poll-gzip-bomb")),
    **dict(each(UNKNOWN_LATE, "poll-redirect-elsewhere", "poll-html", "poll-garbage", "poll-deep")),
}
