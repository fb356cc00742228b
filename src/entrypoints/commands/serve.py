"""`darkroom serve`."""

import argparse
import asyncio
import logging
from dataclasses import replace

from darkroom.entrypoints.serving.cycles import search_rarely
from darkroom.entrypoints.serving.listener import listen
from darkroom.entrypoints.serving.metrics import metrics_listener
from darkroom.entrypoints.settings import Settings

log = logging.getLogger(__name__)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments: all settings are environment variables."""
    parser.epilog = "All settings are environment variables, which may be in a .env file."


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status."""
    del arguments
    search_rarely()
    if settings.service.workers_set is None:
        settings = replace(settings, service=replace(settings.service, workers_set=settings.workers))
        log.info("DARKROOM_WORKERS=auto: %d here", settings.workers)
    with listen(settings.service) as listener, metrics_listener(settings) as registry:
        # If the setting is 0, the system has chosen a free port.
        service = replace(settings.service, port=listener.getsockname()[1])
        settings = replace(settings, service=service)
        if service.guesses_url:
            log.warning(
                "links begin with %s: set DARKROOM_PUBLIC_URL to the address that clients use", service.public_url
            )
        if settings.workers > 1:
            from darkroom.entrypoints.serving.supervisor import Supervisor  # noqa: PLC0415  # a parent needs only this

            return asyncio.run(Supervisor(settings, listener).run())
        from darkroom.entrypoints.serving.alone import serve_alone  # noqa: PLC0415  # a parent does not need it

        serve_alone(settings, listener, registry)
        return 0
