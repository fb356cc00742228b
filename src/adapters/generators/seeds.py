"""The seed that drew an image: as the provider reports it, wherever and however it does.

What is reported counts, also if another seed was sent. What is reported and cannot be read, or does not fit the 32
bits that an order takes, is not known: the sent seed would be a guess. If nothing is reported the sent one counts,
unless the model is declared with `seed=told`.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import httpx

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.values import Seed

log = logging.getLogger(__name__)

# Without separators, in lower case.
_NAMES: Final = frozenset(
    {
        "actualseed",
        "allseeds",
        "finalseed",
        "generationseed",
        "imageseed",
        "noiseseed",
        "randomseed",
        "seed",
        "seeds",
        "seedused",
        "usedseed",
        "usedseeds",
    }
)
# What repeats the request reports nothing of the drawing.
_ECHOES: Final = frozenset({"arguments", "input", "inputs", "negativeprompt", "parameters", "prompt", "request"})
_DECIMAL: Final = re.compile(r"\s*([0-9]{1,20})(?:\.0*)?\s*")
_MOST_NODES: Final = 10_000  # of a document


def reported_in(said: object, index: int = 0) -> Iterator[object]:
    """Every seed that a JSON document reports for the image of that index, at any depth, as it is written there."""
    left, waiting = _MOST_NODES, [said]
    while waiting and left:
        left -= 1
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        if not isinstance(value, Mapping):
            continue
        for name, member in value.items():
            bare = "".join(letter for letter in name.lower() if letter.isalnum())
            if bare in _NAMES:
                yield from _of_member(member, index)
            elif bare not in _ECHOES:
                waiting.append(member)


def reported_by(headers: httpx.Headers) -> Iterator[object]:
    """Every seed that the headers of an answer report: `Seed`, or any name that ends so."""
    return (value for name, value in headers.items() if name == "seed" or name.endswith(("-seed", "_seed")))


def read_reported(value: object) -> Seed | None:
    """A seed as an answer writes it: a number, a whole float, a decimal text; None if it is anything else."""
    if isinstance(value, str) and (found := _DECIMAL.fullmatch(value)):
        value = int(found[1])
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return Seed(value)  # type: ignore[arg-type]  # checked at birth
    except InvalidValue:
        return None


def seed_that_drew(reported: Sequence[object], sent: Seed | None, *, only_reported: bool = False) -> Seed | None:
    """The seed of an image by all that is reported of it; None if it is not known.

    `only_reported`: the model is declared with `seed=told`, so that a seed that is merely sent says nothing.
    """
    if not reported:
        return None if only_reported else sent
    read = {read_reported(value) for value in reported}
    if len(read) > 1 or None in read:
        log.warning("the seed that the provider reports cannot be read, or is more than one: it is not known")
        return None
    (seed,) = read
    if sent is not None and seed != sent:
        log.warning("the provider made an image with another seed than it was sent")
    return seed


def _of_member(member: object, index: int) -> Iterator[object]:
    if isinstance(member, list):
        member = member[index] if index < len(member) else None
    if member is not None and member != "":
        yield member


def matched(entries: Sequence[object], sent: Sequence[Seed]) -> dict[int, tuple[int, Seed | None]]:
    """Which entry of an answer is which sample, and its seed: by sample the entry's place, and the seed that drew it.

    Entries are matched by the seeds that they report, else by the place in the order that they report as `index`, else
    by their place in the answer. If one report contradicts another, the order of the answer counts, and no seed is
    known. Entries beyond the number of samples are left.
    """
    reports = [list(reported_in(entry)) for entry in entries]
    read = [_the_one(reported) for reported in reports]
    by_seed, by_index = _by_seed(read, sent), _by_index(entries, len(sent))
    if by_seed is None or any(by_index.get(place, index) != index for place, index in by_seed.items()):
        log.warning("what the provider reports of its seeds contradicts itself: none is known")
        return {place: (place, None) for place in range(min(len(entries), len(sent)))}
    placed = {index: place for place, index in (by_index | by_seed).items()}
    for place in range(len(entries)):
        free = [index for index in range(len(sent)) if index not in placed]
        if free and place not in placed.values():
            placed[place if place in free else free[0]] = place
    return {index: (place, seed_that_drew(reports[place], sent[index])) for index, place in placed.items()}


def _the_one(reported: Sequence[object]) -> Seed | None:
    read = {read_reported(value) for value in reported}
    return read.pop() if len(read) == 1 else None


def _by_seed(read: Sequence[Seed | None], sent: Sequence[Seed]) -> dict[int, int] | None:
    """The sample of each place whose seed was sent; None if one seed is reported more often than it was sent."""
    free = dict(enumerate(sent))
    found: dict[int, int] = {}
    for place, seed in enumerate(read):
        index = next((index for index, one in free.items() if one == seed), None)
        if index is not None:
            found[place] = index
            del free[index]
        elif seed in sent and place < len(sent):
            return None
    return found


def _by_index(entries: Sequence[object], samples: int) -> dict[int, int]:
    """The sample of each place, if every entry reports one of its own."""
    reported = [entry.get("index") if isinstance(entry, Mapping) else None for entry in entries]
    if sorted(index for index in reported if type(index) is int) != list(range(samples)) or len(entries) != samples:
        return {}
    return {place: index for place, index in enumerate(reported) if isinstance(index, int)}
