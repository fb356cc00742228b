"""`darkroom delete`."""

import argparse
from uuid import UUID

from darkroom.entrypoints.commands.generate.client import Client, Json
from darkroom.entrypoints.commands.generate.services import declare_where
from darkroom.entrypoints.commands.looking import look
from darkroom.entrypoints.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Which generations, or which image of one, and of which service."""
    parser.add_argument(
        "generation", type=UUID, nargs="+", metavar="GENERATION", help="its id, as `darkroom list` shows it"
    )
    parser.add_argument("--image", type=int, metavar="N", help="delete only the image of this index, from 0")
    declare_where(parser)
    parser.add_argument("--json", action="store_true", help="print what was deleted as JSON")
    parser.epilog = (
        "A generation that has not begun is cancelled, and costs nothing. "
        "One that has ended loses its images and its prompts."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Delete generations, or one image of each."""

    async def delete(client: Client) -> list[Json]:
        deleted = []
        for generation in map(str, arguments.generation):
            await client.delete(generation, arguments.image)
            deleted.append({"id": generation, "image": arguments.image})
        return deleted

    return look(arguments, settings, delete, _print)


def _print(deleted: list[Json]) -> None:
    for one in deleted:
        print(f"deleted {one['id']}" if one["image"] is None else f"deleted image {one['image']} of {one['id']}")
