"""`darkroom check`."""

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from functools import partial

from darkroom.domain.model.errors import DarkroomError, StorageFault
from darkroom.domain.model.model_card import ModelCard
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.composition import open_container
from darkroom.entrypoints.container.data_folder import nothing_made
from darkroom.entrypoints.container.generators import open_generator
from darkroom.entrypoints.container.keys import missing_secret, open_keys
from darkroom.entrypoints.container.ledgers import disk_spool, open_records
from darkroom.entrypoints.container.marks import read_marks
from darkroom.entrypoints.container.previews import told_of_previews
from darkroom.entrypoints.container.storages import open_storage
from darkroom.entrypoints.container.webhooks import open_webhooks
from darkroom.entrypoints.failures import FAILED
from darkroom.entrypoints.settings import BadSettings, Settings
from darkroom.entrypoints.settings.setting import declared_in


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a part of the service can be used; `detail` describes it, or says why it cannot."""

    part: str
    ok: bool
    detail: str


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the format of the output."""
    parser.add_argument("--json", action="store_true", help="print settings and findings as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the settings, and whether each part can be used, without leaving traces; return the exit status."""
    with nothing_made(settings):
        findings = asyncio.run(_findings(replace(settings, trial=True)))
    ok = all(finding.ok for finding in findings)
    told = {one.setting.name: one.told(os.environ) for group in settings.groups for one in declared_in(group)}
    if arguments.json:
        print(json.dumps({"ok": ok, "settings": told, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        for name, text in told.items():
            print(f"{name:36} {text}")
        print()
        for finding in findings:
            print(f"{'ok' if finding.ok else 'broken':6}  {finding.part}: {finding.detail}")
    return 0 if ok else FAILED


async def _findings(settings: Settings) -> list[Finding]:
    parts: dict[str, Callable[[], Awaitable[str]]] = {
        **{f"generator {name}": partial(_generator, settings, name) for name in settings.generators.names},
        f"storage {settings.storage.kind}": partial(_storage, settings),
        "spool": partial(_spool, settings),
        "ledger": partial(_ledger, settings),
        **({"webhooks": partial(_webhooks, settings)} if settings.webhooks.secrets else {}),
        "tokens": partial(_tokens, settings),
        "marks": partial(_marks, settings),
        "previews": partial(_previews, settings),
    }
    findings = list(await asyncio.gather(*(_finding(part, look) for part, look in parts.items())))
    if all(finding.ok for finding in findings):
        findings.append(await _finding("models", partial(_models, settings)))
    return findings


async def _finding(part: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(part, ok=True, detail=await look())
    except (BadSettings, DarkroomError, StorageFault) as fault:
        return Finding(part, ok=False, detail=str(fault))
    except Exception as fault:  # noqa: BLE001  # a plugin's error must not hide the other findings
        return Finding(part, ok=False, detail=f"{type(fault).__name__}: {fault}")


async def _generator(settings: Settings, name: str) -> str:
    async with open_generator(settings, name) as generator:
        return await generator.check()


async def _storage(settings: Settings) -> str:
    async with open_storage(settings) as opened:
        return await opened.storage.check()


async def _spool(settings: Settings) -> str:
    spool = disk_spool(settings)
    await spool.check()
    return f"what is drawn can wait in {spool}"


async def _ledger(settings: Settings) -> str:
    async with open_records(settings) as records:
        await records.ledger.check()
        return "; ".join(["orders can be recorded", *records.remarks])


async def _tokens(settings: Settings) -> str:
    new = missing_secret(settings)
    async with open_keys(settings):
        return "signatures can be verified" + (
            f", by a development secret that is made at the start: {new}" if new else ""
        )


async def _marks(settings: Settings) -> str:
    return read_marks(settings).told


async def _previews(settings: Settings) -> str:
    return told_of_previews(settings)


async def _webhooks(settings: Settings) -> str:
    async with open_webhooks(settings), open_records(settings) as records:
        backlog = await records.webhooks.backlog()
        return f"webhooks can be sent; {backlog.waiting} wait for that, {backlog.given_up} were given up"


async def _models(settings: Settings) -> str:
    """Check what no part can check alone: whether the settings of all models agree."""
    async with open_container(settings) as container:
        return ", ".join(_with_its_end(version, card) for version, card in container.cards().items())


def _with_its_end(version: str, card: ModelCard) -> str:
    if card.ends is None:
        return version
    return f"{version} ({'ends' if card.ends >= now().date() else 'ended'} on {card.ends})"
