"""A service imports only what its settings need, so that its start is fast and its memory small."""

from __future__ import annotations

import re

from darkroom.entrypoints.settings.generators import GENERATOR_GROUPS
from integration.cli.command_line import CommandLine
from servers.ports import LOOPBACK, free_port

# Each takes a megabyte or more in every process that imports it.
PROVIDERS = {"aiohttp", "httpx"}
S3 = {"aiobotocore", "botocore", "urllib3"}
METRICS = {"darkroom.adapters.watching.metrics", "prometheus_client"}
POSTGRES = {"darkroom.adapters.postgres", "asyncpg"}
OTHERS = {
    "darkroom.adapters.watching.tracing",
    "c2pa",
    "litestar.cli",
    "numpy",
    "opentelemetry.sdk",
}


def imported_by(shell: CommandLine, **settings: str) -> set[str]:
    """Return the imported packages and their modules; not top-level modules, because failed imports are listed too."""
    darkroom = shell.serve(**settings, PYTHONPROFILEIMPORTTIME="1")
    darkroom.close()
    modules = re.findall(r"^import time:.*\| +(\S+)$", darkroom.stderr, re.MULTILINE)
    parts = [module.split(".") for module in modules if "." in module]
    return {".".join(names[:depth]) for names in parts for depth in range(1, len(names) + 1)}


def test_by_default_no_client_is_imported(shell: CommandLine) -> None:
    imported = imported_by(shell)
    assert imported & (PROVIDERS | S3 | METRICS | POSTGRES | OTHERS) == set()
    assert "darkroom.adapters.generators.sketch" in imported


def test_karlo_and_s3_import_only_their_own_clients(shell: CommandLine, with_karlo: dict[str, str]) -> None:
    s3 = {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "DARKROOM_STORAGE": "s3",
        "DARKROOM_S3_BUCKET": "bucket",
        "DARKROOM_S3_ENDPOINT_URL": f"http://{LOOPBACK}:{free_port()}",
    }
    imported = imported_by(shell, **with_karlo, **s3)
    assert imported & (METRICS | POSTGRES | OTHERS) == set()
    assert imported >= S3 | PROVIDERS
    others = {f"darkroom.adapters.generators.{kind}" for kind in GENERATOR_GROUPS} - {
        "darkroom.adapters.generators.karlo"
    }
    assert "darkroom.adapters.generators.karlo" in imported
    assert imported & others == set()


def test_metrics_import_what_they_need(shell: CommandLine) -> None:
    assert imported_by(shell, DARKROOM_METRICS_PORT=str(free_port())) >= METRICS
