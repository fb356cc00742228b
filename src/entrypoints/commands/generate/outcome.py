"""What came of an order, and how it is reported."""

import asyncio
import json
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

from darkroom.entrypoints.commands.generate.client import Json, Problem
from darkroom.entrypoints.failures import FAILED, FAILED_AND_PAID, tell

# Under these, charged, a key is kept: it gives the same problem again, and never an image more.
_FINAL: Final = frozenset({"outcome-unknown", "unusable-image", "prompt-rejected", "generator-refused", "gone"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """An image that was drawn, as the service describes it, and the file that it is in now, if it could be fetched."""

    id: str
    seed: int | None
    image: str
    file: str | None


async def came_of(drawing: Awaitable[list[Json]]) -> tuple[list[Json], Json | None]:
    """The images that came, and why they are not all that were ordered."""
    try:
        return await drawing, None
    except Problem as fault:
        return fault.members.get("images", []), fault.members


def status_of(drawn: Sequence[Drawn], problem: Json | None) -> int:
    """The exit status of an order that ended so."""
    if problem and problem.get("charged") == "no":
        return FAILED
    return FAILED_AND_PAID if problem or any(one.file is None for one in drawn) else 0


def print_outcome(drawn: Sequence[Drawn], problem: Json | None, *, as_json: bool) -> None:
    """Print the images, and say what the problem is."""
    if as_json:
        print(json.dumps({**(problem or {}), "images": [asdict(one) for one in drawn]}, indent=2, ensure_ascii=False))
    else:
        for one in drawn:
            seed = "" if one.seed is None else f"seed {one.seed}"
            print(f"{one.file or '(no file)'}  {seed}  {one.image}")
    if problem:
        tell_problem(problem)


def tell_problem(problem: Json, *, about: str = "") -> None:
    """Say what the problem is; `about` names what has it, if there are several."""
    rules = problem.get("errors", [])
    said = problem["title"] if rules else f"{problem['title']}: {problem['detail']}"
    tell(f"{about}{': ' if about else ''}{said} (charged: {problem.get('charged', 'unknown')})")
    for rule in rules:
        where = rule.get("pointer") or rule.get("header") or rule.get("parameter")
        tell(f"  {where} {rule['detail']}")


def what_next(problem: Mapping[str, object], key: str) -> str:
    """What can be done after a problem that cost money, or may have."""
    if str(problem.get("type")).rpartition("/")[2] not in _FINAL:
        return by_its_key(key)
    if problem.get("charged") == "yes":
        return "it was charged, and a new order is charged again"
    return "the provider's account shows whether it was drawn; a new order may be charged again"


def by_its_key(key: str) -> str:
    """How the images of an order that is under way, or done, are had."""
    return f"to get its images without paying again: --idempotency-key {key}"


@contextmanager
def interruption_told(key: str) -> Iterator[None]:
    """An interruption of the block prints at once what becomes of the order, which may have left by then."""
    try:
        yield
    except asyncio.CancelledError:
        tell("interrupted; the order may go on all the same (charged: unknown)", by_its_key(key))
        raise
