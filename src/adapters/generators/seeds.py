"""Determines the seed that drew an image, from any form of report by the provider.

A reported seed counts, even if another one was sent. If the report is unreadable, or outside the bounds of an order's
seed, the seed is unknown, since the sent one would be a guess. Without a report the sent seed counts, unless the model
is declared with `seed=told`.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import httpx

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.values import Seed

log = logging.getLogger(__name__)

# Names of fields that report a seed, in lower case without separators.
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
# Fields that repeat the request do not report the seed used.
_ECHOES: Final = frozenset({"arguments", "input", "inputs", "negativeprompt", "parameters", "prompt", "request"})
_DECIMAL: Final = re.compile(r"\s*([0-9]{1,20})(?:\.0*)?\s*")
_MOST_NODES: Final = 10_000  # of a document


def reported_in(said: object, index: int = 0) -> Iterator[object]:
    """Yield every seed, unparsed, that a JSON document reports at any depth for the image at `index`."""
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
    """Yield every seed, unparsed, in the headers of an answer: `Seed`, or any name that ends in `-seed`."""
    return (value for name, value in headers.items() if name == "seed" or name.endswith(("-seed", "_seed")))


def read_reported(value: object) -> Seed | None:
    """Parse a reported seed: an integer, a whole float or a decimal text; return None for anything else."""
    if isinstance(value, str) and (found := _DECIMAL.fullmatch(value)):
        value = int(found[1])
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return Seed(value)  # type: ignore[arg-type]  # Seed checks the type
    except InvalidValue:
        return None


def seed_that_drew(reported: Sequence[object], sent: Seed | None, *, only_reported: bool = False) -> Seed | None:
    """Return the seed of an image from all reports of it; None if unknown.

    `only_reported`: the model is declared with `seed=told`, so that without a report the seed is unknown.
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
    """Match the entries of an answer to samples; return each sample's place in `entries` and its seed, None if unknown.

    Entries are matched by the seed that they report, else by the field `index`, else by their place in the answer. If
    reports contradict each other, the order of the answer counts, and all seeds are unknown. Surplus entries are
    ignored.
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
    """Return the sample of each place that reports a sent seed; None if a seed is reported more often than sent."""
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
    """Return the sample of each place by the field `index`; empty unless the entries report each sample once."""
    reported = [entry.get("index") if isinstance(entry, Mapping) else None for entry in entries]
    if sorted(index for index in reported if type(index) is int) != list(range(samples)) or len(entries) != samples:
        return {}
    return {place: index for place, index in enumerate(reported) if isinstance(index, int)}
