"""`darkroom models`."""

import argparse

from darkroom.entrypoints.commands.generate.client import Json
from darkroom.entrypoints.commands.generate.services import declare_where
from darkroom.entrypoints.commands.looking import look
from darkroom.entrypoints.commands.printing import shown
from darkroom.entrypoints.settings import Settings

_COLUMNS = "{:24}  {:14}  {:>11}  {:>11}  {:>6}  {}"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the service, and the format of the output."""
    declare_where(parser)
    parser.add_argument("--json", action="store_true", help="print them as JSON, as GET /api/models has them")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List the models on offer; return the exit status."""
    return look(arguments, settings, lambda client: client.models(), _print)


def _print(models: list[Json]) -> None:
    print(_COLUMNS.format("model", "generator", "width", "height", "images", "price of an image"))
    for model in models:
        sides = (f"{side['min']}-{side['max']}" for side in (model["width"], model["height"]))
        print(
            _COLUMNS.format(
                shown(model["version"]), shown(model["generator"]), *sides, model["samples_max"], _price(model["price"])
            )
        )


def _price(price: Json | None) -> str:
    if price is None:
        return "not known"
    match price["unit"]:
        case "image":
            return f"{price['amount']} {price['currency']}"
        case "megapixel":
            return f"{price['amount']} {price['currency']}, {price['further']} for each further megapixel"
        case _:
            return f"by its size, in {price['currency']}"
