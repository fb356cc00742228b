"""`darkroom evidence`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from darkroom.domain.model.errors import InvalidValue, NotFound
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.image_file import ImageFile
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.evidence import AcceptEvidence
from darkroom.entrypoints.commands.printing import as_it_stands, moment
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.evidence import EvidenceFolder, KeptEvidence, kept_evidence
from darkroom.entrypoints.container.ledgers import open_kept_records
from darkroom.entrypoints.container.storages import key_prefix, open_storage
from darkroom.entrypoints.failures import FAILED, tell
from darkroom.entrypoints.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the verbs `list`, `show` and `accept`."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    listed = verbs.add_parser("list", help="list what is kept on this machine, oldest first")
    listed.add_argument("generation", nargs="?", metavar="GENERATION", help="of this generation only")
    shown = verbs.add_parser("show", help="write one piece to standard output, as it came")
    shown.add_argument("generation", metavar="GENERATION")
    shown.add_argument("index", metavar="INDEX", type=int, help="which of its pieces, as `list` numbers them")
    accepted = verbs.add_parser("accept", help="give a piece to the generation as one of its images")
    accepted.add_argument("generation", metavar="GENERATION")
    accepted.add_argument("index", metavar="INDEX", type=int, help="which of its pieces, as `list` numbers them")
    accepted.add_argument(
        "--image", metavar="N", type=int, default=0, help="which image of the order it is; default: 0"
    )
    parser.epilog = (
        "What providers sent and could not be used is kept on the machine that received it. It may quote prompts and "
        "hold what is not safe to open."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List or show evidence, or accept a piece of it as an image of its generation; return the exit status."""
    folder = kept_evidence(settings)
    kept = folder.kept(arguments.generation)
    if arguments.verb == "list":
        _list(folder, kept)
        return 0
    data = folder.read(kept[arguments.index]) if 0 <= arguments.index < len(kept) else None
    if data is None:
        tell(f"there is no piece {arguments.index} of {arguments.generation} on this machine")
        return FAILED
    if arguments.verb == "show":
        sys.stdout.buffer.write(data)
        return 0
    try:
        generation = asyncio.run(_accept(settings, arguments.generation, arguments.image, data))
    except (InvalidValue, NotFound) as refusal:
        tell(f"{arguments.generation} cannot have it: {refusal}")
        return FAILED
    print(as_it_stands(generation))
    return 0


async def _accept(settings: Settings, generation_id: str, image: int, data: bytes) -> Generation:
    async with open_kept_records(settings) as records, open_storage(settings) as opened:
        policy = Policy(key_prefix=key_prefix(settings))
        accept = AcceptEvidence(opened.storage, records.spool, records.ledger, policy=policy, clock=now)
        return await accept(generation_id, image, data)


def _list(folder: EvidenceFolder, kept: Sequence[KeptEvidence]) -> None:
    counted: dict[str, int] = {}
    for piece in kept:
        index = counted[piece.generation_id] = counted.get(piece.generation_id, -1) + 1
        at = datetime.fromtimestamp(piece.kept_at, UTC)
        print(f"{piece.generation_id}  {index}  {moment(at)}  {piece.length} bytes  {_what(folder, piece)}")


def _what(folder: EvidenceFolder, piece: KeptEvidence) -> str:
    """Return a description of a piece of evidence, from its bytes."""
    data = folder.read(piece) or b""
    try:
        file, _ = ImageFile.recover(data)
    except InvalidValue:
        return "JSON" if data.lstrip()[:1] in (b"{", b"[") else "something else"
    return f"{file.media_type}, {file.width} x {file.height}"
