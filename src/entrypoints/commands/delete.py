"""`darkroom delete`."""

import argparse
import asyncio
import json
from uuid import UUID

from darkroom.entrypoints.commands.generate.client import Json, Problem
from darkroom.entrypoints.commands.generate.outcome import tell_problem
from darkroom.entrypoints.commands.generate.services import declare_where, service
from darkroom.entrypoints.failures import FAILED
from darkroom.entrypoints.settings import Settings


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the generations, an image, and the service."""
    parser.add_argument(
        "generation", type=UUID, nargs="+", metavar="GENERATION", help="its id, as `darkroom list` shows it"
    )
    parser.add_argument("--image", type=int, metavar="N", help="delete only the image of this index, from 0")
    declare_where(parser)
    parser.add_argument("--json", action="store_true", help="print what became of each as JSON")
    parser.epilog = (
        "Each is tried, even if others fail; the exit status is 1 if any could not be deleted. "
        "A generation that has not begun is cancelled, and costs nothing. "
        "One that has ended loses its images and its prompts."
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Delete generations, or one image of each; return the exit status, which is 1 if any could not be deleted."""
    outcomes = asyncio.run(_outcomes(arguments, settings))
    if arguments.json:
        print(json.dumps(outcomes, indent=2, ensure_ascii=False))
    return FAILED if any(outcome["problem"] for outcome in outcomes) else 0


async def _outcomes(arguments: argparse.Namespace, settings: Settings) -> list[Json]:
    """Try to delete each, even if others failed, and report each at once."""
    outcomes: list[Json] = []
    image: int | None = arguments.image
    async with service(arguments, settings) as client:
        for generation in map(str, arguments.generation):
            what = generation if image is None else f"image {image} of {generation}"
            problem = None
            try:
                await client.delete(generation, image)
            except Problem as fault:
                problem = fault.members
                tell_problem(problem, about=what)
            else:
                if not arguments.json:
                    print(f"deleted {what}")
            outcomes.append({"id": generation, "image": image, "problem": problem})
    return outcomes
