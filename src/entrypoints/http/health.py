"""`GET /health/live`, `GET /health/ready`: liveness and readiness. They cost nothing, and call no provider."""

import asyncio
from typing import Final, Literal

from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct

from darkroom.domain.model.errors import LedgerUnavailable, Overloaded
from darkroom.entrypoints.http.auth.authentication import OPEN_TO_ALL
from darkroom.entrypoints.http.services import Services

PATIENCE: Final = 2.0
"""Seconds that the ledger may take to answer."""


class Health(Struct, frozen=True):
    """The health of the process."""

    status: Literal["live", "ready"]


@get("/health/live", opt=OPEN_TO_ALL, sync_to_thread=False)
def live() -> Health:
    """Answer, which shows that the process is alive."""
    return Health("live")


@get("/health/ready", opt=OPEN_TO_ALL)
async def ready(services: NamedDependency[Services]) -> Health:
    """Report that orders are accepted.

    Raises:
        Overloaded: the process is about to stop, or the storage refuses images.
        LedgerUnavailable: orders cannot be recorded at present.
    """
    if services.generate.work.admission.closed:
        raise Overloaded("the service is about to stop")
    try:
        async with asyncio.timeout(PATIENCE):
            await services.ledger.check()
    except TimeoutError as error:
        raise LedgerUnavailable("the ledger does not answer") from error
    await services.generate.work.trial.require()
    return Health("ready")
