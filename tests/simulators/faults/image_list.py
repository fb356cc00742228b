"""Faults of the list of images in an answer: their number, order and members."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simulators.faults.fault import AnyFault, Drawn, Entry, OfImages, Options

SEED_RANGE = 2**32
WRONG_VALUES: dict[str, dict[str, object]] = {
    "id": {"null": None, "number": 7, "empty": ""},
    "seed": {
        "null": None,
        "string": "7",
        "boolean": True,
        "fraction": 0.5,
        "negative": -1,
        "too-large": SEED_RANGE,
        "huge": 10**400,
    },
    "image": {"null": None, "number": 7, "object": {}, "empty": ""},
}


def of_each(change: Callable[[Entry], Entry], drawn: Drawn, options: Options) -> list[Entry]:
    """Return the entries, each changed, or only the one at `options.index`."""
    return [change(entry) if options.index in {None, index} else entry for index, entry in enumerate(drawn.images)]


def too_few(drawn: Drawn, options: Options) -> list[Entry]:
    return drawn.images[:-1]


def too_many(drawn: Drawn, options: Options) -> list[Entry]:
    return [*drawn.images, altered_seed({**drawn.images[-1], "id": "one-too-many"})]


def none_at_all(drawn: Drawn, options: Options) -> list[Entry]:
    return []


def out_of_order(drawn: Drawn, options: Options) -> list[Entry]:
    return [*drawn.images[1:], *drawn.images[:1]]


def duplicated(drawn: Drawn, options: Options) -> list[Entry]:
    return [dict(drawn.images[0]) for _ in drawn.images]


def without(key: str) -> Callable[[Entry], Entry]:
    return lambda entry: {name: value for name, value in entry.items() if name != key}


def saying(key: str, value: object) -> Callable[[Entry], Entry]:
    return lambda entry: {**entry, key: value}


def altered_seed(entry: Entry) -> Entry:
    return {**entry, "seed": (int(str(entry.get("seed", 0))) + 1) % SEED_RANGE}


MENU: tuple[AnyFault, ...] = (
    OfImages("images-too-few", "The last image is missing.", too_few),
    OfImages("images-too-many", "One more image than ordered, with its own id and seed.", too_many),
    OfImages("images-none", "The list of images is empty.", none_at_all),
    OfImages("images-out-of-order", "The first image comes last.", out_of_order),
    OfImages("images-duplicated", "All images are copies of the first one, with its id, seed and link.", duplicated),
    OfImages(
        "seed-altered", "A seed that differs from the ordered one.", partial(of_each, altered_seed), reads=("index",)
    ),
    *(
        OfImages(f"{key}-missing", f"An image has no `{key}`.", partial(of_each, without(key)), reads=("index",))
        for key in WRONG_VALUES
    ),
    *(
        OfImages(
            f"{key}-{kind}", f"`{key}` of an image is {kind}.", partial(of_each, saying(key, value)), reads=("index",)
        )
        for key, values in WRONG_VALUES.items()
        for kind, value in values.items()
    ),
)
