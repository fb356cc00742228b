"""The dashboard and the alerts of `deploy/`, on a real Prometheus that watches a real service."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.waiting import until_seen
from integration.cli.command_line import CommandLine
from integration.watching.ordering import order, with_karlo
from servers.ports import LOOPBACK, free_port
from servers.process import Process
from servers.prometheus import PrometheusServer, program
from simulators.karlo import KarloSimulator

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
ALERTS = (DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8")


def expressions(panel: object) -> Iterator[str]:
    """The expressions in a part of the dashboard, as Grafana sends them if all processes are chosen."""
    if isinstance(panel, dict):
        if "expr" in panel:
            yield panel["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
        panel = list(panel.values())
    if isinstance(panel, list):
        for part in panel:
            yield from expressions(part)


def promtool(*arguments: str, folder: Path) -> None:
    with Process([program("promtool"), *arguments], folder=folder) as checked:
        assert checked.wait() == 0, checked.stdout + checked.stderr


def test_each_alert_fires_when_it_should_and_not_before() -> None:
    promtool("test", "rules", "alerts_test.yml", folder=DEPLOY / "prometheus")


def test_prometheus_accepts_the_configuration() -> None:
    promtool("check", "config", "prometheus.yml", folder=DEPLOY / "prometheus")


def test_each_alert_has_a_test_and_a_section_in_the_runbook() -> None:
    names = re.findall(r"- alert: (\w+)", ALERTS)
    tried = (DEPLOY / "prometheus" / "alerts_test.yml").read_text(encoding="utf-8")
    runbook = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert re.findall(r"runbook: docs/operating.md#(\w+)", ALERTS) == [name.lower() for name in names]
    for name in names:
        assert f'alertname="{name}"' in tried
        assert f"\n### {name}\n" in runbook


@pytest.mark.thorough
async def test_every_expression_of_the_dashboard_and_every_metric_of_the_alerts_has_values(
    shell: CommandLine, karlo: KarloSimulator, tmp_path: Path
) -> None:
    metrics = free_port()
    settings = with_karlo(
        karlo,
        DARKROOM_METRICS_PORT=str(metrics),
        DARKROOM_PRICES="v2.1=0.5 USD,v2.0=0.5 USD",
        DARKROOM_SPEND_PER_DAY="100 USD",
        DARKROOM_FALLBACKS="v2.1=v2.0",
        DARKROOM_ENDING_DATES="v2.0=9999-12-31",
        DARKROOM_WORKERS="2",
    )
    darkroom = await asyncio.to_thread(shell.serve, **settings)
    folder = tmp_path / "prometheus"
    folder.mkdir()
    rules = folder / "alerts.yml"
    shutil.copy(DEPLOY / "prometheus" / "alerts.yml", rules)
    prometheus = PrometheusServer(folder, targets={"darkroom": [f"{LOOPBACK}:{metrics}"]}, rules=[rules])
    try:
        for round_ in range(3):  # a rate needs two scrapes of a growing counter
            karlo.faults.clear()
            await asyncio.gather(*(order(darkroom.port, f"order {round_} {number}") for number in range(4)))
            await order(darkroom.port, prompt="")
            karlo.faults.set("reset-after-charge")
            await order(darkroom.port)
            await scraped(prometheus, 'darkroom_images_total{outcome="stored"}', 4 * (round_ + 1))
        dashboard = json.loads((DEPLOY / "grafana" / "darkroom.json").read_text(encoding="utf-8"))
        asked = list(expressions(dashboard["panels"]))
        assert len(asked) > 25
        for expression in asked:
            assert [one["value"][1] for one in await ask(prometheus, expression)], expression
        for metric in set(re.findall(r"darkroom_\w+", ALERTS)):
            assert await ask(prometheus, metric), metric
        await scraped(prometheus, 'ALERTS{alertname="DarkroomOutcomesUnknown", alertstate="firing"}', 1)
        firing = await ask(prometheus, 'ALERTS{alertstate="firing"}')
        assert {alert["metric"]["alertname"] for alert in firing} == {"DarkroomOutcomesUnknown"}
    finally:
        await asyncio.to_thread(prometheus.close)


async def ask(prometheus: PrometheusServer, expression: str) -> list[dict[str, Any]]:
    return await asyncio.to_thread(prometheus.ask, expression)


async def scraped(prometheus: PrometheusServer, expression: str, value: int) -> None:
    """Wait until Prometheus has seen at least this value."""

    async def seen() -> bool:
        return any(float(one["value"][1]) >= value for one in await ask(prometheus, f"sum({expression})"))

    await until_seen(seen)
