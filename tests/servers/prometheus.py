"""A real Prometheus, from Debian's package."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`.

    Raises:
        PartMissing: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise PartMissing("Prometheus", f"{name} is not installed (Debian: apt-get install prometheus)")
    return found


class PrometheusServer(Process):
    """A Prometheus that scrapes its targets and evaluates its rules every second.

    Args:
        folder: The folder for its configuration and its data.
        targets: The targets as `host:port`, by the name of the job.
        rules: Files of rules.
    """

    def __init__(self, folder: Path, *, targets: Mapping[str, Sequence[str]], rules: Sequence[Path]) -> None:
        self._port = free_port()
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path.resolve()) for path in rules],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": list(named)}]} for job, named in targets.items()
            ],
        }
        file = folder / "prometheus.yml"  # JSON is valid YAML
        file.write_bytes(msgspec.json.encode(config))
        super().__init__(
            [
                program("prometheus"),
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'series'}",
                f"--web.listen-address={LOOPBACK}:{self._port}",
            ]
        )
        self.wait_for("Server is ready to receive web requests", stream="stderr")

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate an expression now, and return the series.

        Raises:
            httpx.HTTPStatusError: the expression is invalid.
        """
        address = f"http://{LOOPBACK}:{self._port}/api/v1/query"
        answer = httpx.get(address, params={"query": expression}, trust_env=False, timeout=30).raise_for_status()
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result
