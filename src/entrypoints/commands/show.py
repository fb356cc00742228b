"""`darkroom show`."""

import argparse
from collections.abc import Iterator
from uuid import UUID

from darkroom.entrypoints.commands.generate.client import Json
from darkroom.entrypoints.commands.generate.services import declare_where
from darkroom.entrypoints.commands.looking import look
from darkroom.entrypoints.commands.printing import shown
from darkroom.entrypoints.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the generation, the service, and the format of the output."""
    parser.add_argument("generation", type=UUID, metavar="GENERATION", help="its id, as `darkroom list` shows it")
    declare_where(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON, as GET /api/generations/{id} has it")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Show one generation; return the exit status."""
    return look(arguments, settings, lambda client: client.generation(str(arguments.generation)), _print)


def _print(generation: Json) -> None:
    for name, text in _told(generation):
        print(f"{name:12} {shown(text)}")


def _told(one: Json) -> Iterator[tuple[str, str]]:
    yield "id", one["id"]
    yield "state", one["state"]
    yield "created", one["created_at"]
    if one["finished_at"]:
        yield "finished", one["finished_at"]
    yield "drawn by", f"{one['model']} of {one['generator']}"
    for name, value in one["order"].items():
        if value is not None:
            yield name.replace("_", " ")[:12], str(value)
    if one["cost"]:
        yield "cost", f"{one['cost']['amount']} {one['cost']['currency']}"
    for image in one["images"]:
        seed = "" if image["seed"] is None else f"seed {image['seed']}  "
        yield f"image {image['index']}", f"{seed}{image['image']}"
    for index in one["deleted"]:
        yield f"image {index}", "deleted"
    if problem := one["problem"]:
        yield "problem", f"{problem['title']}: {problem['detail']} (charged: {problem['charged']})"
