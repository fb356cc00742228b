"""`darkroom health`."""

import argparse
import sys
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from darkroom.entrypoints.settings import Settings

_PATIENCE: Final = 4.0  # seconds; readiness itself answers within 2


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments."""
    del parser


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Ask the service of these settings whether it is ready; return 0, or print the reason and return 1."""
    del arguments
    address = f"{settings.service.own_url}/health/ready"
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=_PATIENCE):
            return 0
    except HTTPError as answer:
        reason = answer.read().decode(errors="replace")
    except (OSError, HTTPException) as fault:
        reason = str(fault)
    print(f"{address}: {reason}", file=sys.stderr)
    return 1
