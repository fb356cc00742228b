"""The outcome of an order, and how it is reported."""

import asyncio
import json
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

from darkroom.entrypoints.commands.generate.client import Json, Problem
from darkroom.entrypoints.failures import FAILED, FAILED_AND_PAID, tell

# After these problems, if they were charged, the key always returns the same problem, and never another image.
_FINAL: Final = frozenset({"outcome-unknown", "unusable-image", "prompt-rejected", "generator-refused", "gone"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn image: its id, seed and link, and the file that it was written to; None if it could not be fetched."""

    id: str
    seed: int | None
    image: str
    file: str | None


async def came_of(drawing: Awaitable[list[Json]]) -> tuple[list[Json], Json | None]:
    """Return the drawn images, and the problem if images are missing; else None."""
    try:
        return await drawing, None
    except Problem as fault:
        return fault.members.get("images", []), fault.members


def status_of(drawn: Sequence[Drawn], problem: Json | None) -> int:
    """Return the exit status for the outcome of an order."""
    if problem and problem.get("charged") == "no":
        return FAILED
    return FAILED_AND_PAID if problem or any(one.file is None for one in drawn) else 0


def print_outcome(drawn: Sequence[Drawn], problem: Json | None, *, as_json: bool) -> None:
    """Print the images, and the problem to standard error."""
    if as_json:
        print(json.dumps({**(problem or {}), "images": [asdict(one) for one in drawn]}, indent=2, ensure_ascii=False))
    else:
        for one in drawn:
            seed = "" if one.seed is None else f"seed {one.seed}"
            print(f"{one.file or '(no file)'}  {seed}  {one.image}")
    if problem:
        tell_problem(problem)


def tell_problem(problem: Json, *, about: str = "") -> None:
    """Print a problem to standard error; `about` names its subject if there are several."""
    rules = problem.get("errors", [])
    said = problem["title"] if rules else f"{problem['title']}: {problem['detail']}"
    tell(f"{about}{': ' if about else ''}{said} (charged: {problem.get('charged', 'unknown')})")
    for rule in rules:
        where = rule.get("pointer") or rule.get("header") or rule.get("parameter")
        tell(f"  {where} {rule['detail']}")


def what_next(problem: Mapping[str, object], key: str) -> str:
    """Return advice for a problem that cost money, or may have."""
    if str(problem.get("type")).rpartition("/")[2] not in _FINAL:
        return by_its_key(key)
    if problem.get("charged") == "yes":
        return "it was charged, and a new order is charged again"
    return "the provider's account shows whether it was drawn; a new order may be charged again"


def by_its_key(key: str) -> str:
    """Return advice on how to get the images of an order by its key."""
    return f"to get its images without paying again: --idempotency-key {key}"


@contextmanager
def interruption_told(key: str) -> Iterator[None]:
    """Print at once what may happen to the order if the block is interrupted."""
    try:
        yield
    except asyncio.CancelledError:
        tell("interrupted; the order may still go on (charged: unknown)", by_its_key(key))
        raise
