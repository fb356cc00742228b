"""`darkroom recover`."""

import argparse
import asyncio
import json
from collections.abc import Sequence

from darkroom.domain.model.generation import Generation
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.lost_spools import Left, LostSpools
from darkroom.entrypoints.commands.printing import as_it_stands, moment
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.ledgers import dead_after, open_kept_records
from darkroom.entrypoints.container.storages import key_prefix, open_storage
from darkroom.entrypoints.failures import FAILED, tell
from darkroom.entrypoints.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the spool to give up, and the format of the output."""
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.add_argument(
        "--lost-spool",
        metavar="ID",
        help="end the generations whose images wait in this lost spool; images that are in reach are stored",
    )
    parser.epilog = (
        "Only what no living process works on is listed. A process is called dead after some seconds, with PostgreSQL "
        "after DARKROOM_WORKER_DEAD_AFTER, and this command looks for so long. The exit status is 1 if images are out "
        "of reach, or if there was nothing to give up."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List the generations that no living worker has, or give up a spool; return the exit status."""
    return asyncio.run(_run(settings, arguments.lost_spool, as_json=arguments.json))


async def _run(settings: Settings, lost_spool: str | None, *, as_json: bool) -> int:
    async with open_kept_records(settings) as records, open_storage(settings) as opened:
        policy = Policy(key_prefix=key_prefix(settings))
        lost = LostSpools(opened.storage, records.spool, records.ledger, policy=policy, clock=now)
        await lost.left()  # start watching for workers without a sign of life
        seconds = dead_after(settings)
        tell(f"looking for {seconds:g} s: before that no process is called dead")
        await asyncio.sleep(seconds)
        left = await lost.left()
        if lost_spool is None:
            _list(left, as_json=as_json)
            return FAILED if any(one.missing for one in left) else 0
        given_up = await lost.give_up(lost_spool)
    if not given_up:
        tell(f"no image that is out of reach waits in {lost_spool}")
        return FAILED
    _list_given_up(given_up, as_json=as_json)
    return 0


def _list(left: Sequence[Left], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_shown(one) for one in left], indent=2))
        return
    for one in left:
        generation = one.generation
        where = (
            f"{len(one.missing)} of {len(generation.waiting)} images out of reach, in spool {one.spool}"
            if one.missing
            else "nothing to do: a running service will finish it"
        )
        print(f"{generation.id}  {moment(generation.created_at)}  {generation.state}  {where}")


def _shown(left: Left) -> dict[str, object]:
    generation = left.generation
    return {
        "id": generation.id,
        "created_at": generation.created_at.isoformat(),
        "state": generation.state,
        "images": generation.request.samples,
        "out_of_reach": sorted(left.missing),
        "spool": left.spool if left.missing else None,
    }


def _list_given_up(ended: Sequence[Generation], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([{"id": one.id, "state": one.state, "stored": len(one.images)} for one in ended], indent=2))
        return
    for one in ended:
        print(as_it_stands(one))
