"""`darkroom generate`."""

import argparse
import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.values import IdempotencyKey
from darkroom.entrypoints.arguments import held_to
from darkroom.entrypoints.commands.generate.batch import Batch, keyed, read_prompts
from darkroom.entrypoints.commands.generate.client import Client, Json, Problem
from darkroom.entrypoints.commands.generate.files import make_writable, write_image
from darkroom.entrypoints.commands.generate.outcome import (
    Drawn,
    by_its_key,
    came_of,
    interruption_told,
    print_outcome,
    status_of,
    what_next,
)
from darkroom.entrypoints.commands.generate.progress import progress
from darkroom.entrypoints.commands.generate.services import declare_where, service
from darkroom.entrypoints.example_order import example_side
from darkroom.entrypoints.failures import BAD_SETTINGS, FAILED_AND_PAID, tell
from darkroom.entrypoints.settings import Settings

_MOST_JOBS: Final = 64


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the order, the service, and the folder for the images."""
    order = parser.add_argument_group("the order", "Its limits are those of the model, as GET /api/models lists them.")
    what = order.add_mutually_exclusive_group(required=True)
    what.add_argument("prompt", nargs="?", help="what to draw")
    what.add_argument("--prompts", metavar="FILE", help="draw each line of a file instead; - is standard input")
    order.add_argument(
        "--model", "--version", dest="version", metavar="NAME", help="the model; default: the first on offer"
    )
    order.add_argument("--negative-prompt", metavar="TEXT", help="what must not appear")
    order.add_argument("--width", type=int, metavar="PIXELS", help="default: 640, or what comes next to it")
    order.add_argument("--height", type=int, metavar="PIXELS", help="like --width")
    order.add_argument("--seed", type=int, action="append", metavar="N", help="one for each image; may be repeated")
    order.add_argument("--steps", type=int, metavar="N", help="inference steps")
    order.add_argument("--guidance", type=float, metavar="SCALE", help="guidance scale")
    order.add_argument("--samples", type=int, metavar="N", help="how many images")
    declare_where(parser).add_argument(
        "--idempotency-key",
        type=held_to(IdempotencyKey),
        metavar="KEY",
        help="repeats an earlier order without paying again; default: a new one. With --prompts: names the run",
    )
    parser.add_argument(
        "--jobs", type=_jobs, default=1, metavar="N", help="with --prompts: orders at once, 1 to 64; default: 1"
    )
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="the folder for the files")
    parser.add_argument("--json", action="store_true", help="print the answer or the problem as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Order images, wait for them, and write them to files; return the exit status."""
    try:
        make_writable(arguments.out)
    except OSError as fault:
        tell(f"--out must be a folder that files can be written into, not {arguments.out}: {fault.strerror}")
        return BAD_SETTINGS
    if arguments.prompts is None:
        return asyncio.run(_generate(arguments, settings))
    try:
        prompts = read_prompts(arguments.prompts)
    except InvalidValue as rule:
        tell(f"--prompts {rule}")
        return BAD_SETTINGS
    return asyncio.run(_generate_all(arguments, settings, prompts))


def _jobs(text: str) -> int:
    if not re.fullmatch("[0-9]{1,2}", text) or not 1 <= int(text) <= _MOST_JOBS:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {_MOST_JOBS}")
    return int(text)


async def _generate_all(arguments: argparse.Namespace, settings: Settings, prompts: Sequence[str]) -> int:
    """Order each prompt, up to `--jobs` at once; return the exit status."""
    name = arguments.idempotency_key.value if arguments.idempotency_key else ""
    async with service(arguments, settings) as client:
        try:
            fields = await _fields(arguments, client)
        except Problem as fault:
            return _end([], fault.members, name, as_json=arguments.json)

        async def save(image: Json, prompt: str) -> Drawn:
            return await _saved(client, image, arguments.out, prompt, once=True)

        orders = keyed(({**fields, "prompt": prompt} for prompt in prompts), name)
        return await Batch(client, jobs=arguments.jobs, as_json=arguments.json)(orders, save)


async def _generate(arguments: argparse.Namespace, settings: Settings) -> int:
    key = (arguments.idempotency_key or IdempotencyKey(str(uuid4()))).value
    async with service(arguments, settings) as client:
        try:
            order = {**await _fields(arguments, client), "prompt": arguments.prompt}
        except Problem as fault:
            return _end([], fault.members, key, as_json=arguments.json)
        with interruption_told(key):
            images, problem = await _drawn(client, order, key)
            drawn = [await _saved(client, image, arguments.out, arguments.prompt) for image in images]
        return _end(drawn, problem, key, as_json=arguments.json)


async def _drawn(client: Client, order: Mapping[str, object], key: str) -> tuple[list[Json], Json | None]:
    async with progress() as told:
        return await came_of(client.draw(order, key, told))


def _end(drawn: Sequence[Drawn], problem: Json | None, key: str, *, as_json: bool) -> int:
    """Print the images, the problem, and what to do about it; return the exit status."""
    print_outcome(drawn, problem, as_json=as_json)
    status = status_of(drawn, problem)
    if status == FAILED_AND_PAID:
        tell(what_next(problem, key) if problem else by_its_key(key))
    return status


async def _fields(arguments: argparse.Namespace, client: Client) -> Mapping[str, object]:
    """Return the fields of the order except the prompt; a missing model or size is chosen from the models on offer.

    Raises:
        Problem: the models cannot be listed.
    """
    fields = {
        "version": arguments.version,
        "negative_prompt": arguments.negative_prompt,
        "width": arguments.width,
        "height": arguments.height,
        "seed": arguments.seed,
        "num_inference_steps": arguments.steps,
        "guidance_scale": arguments.guidance,
        "samples": arguments.samples,
    }
    if None in (fields["version"], fields["width"], fields["height"]):
        models = await client.models()
        model = next((model for model in models if model["version"] == arguments.version), models[0])
        width, height = _size(model)
        fields |= {
            "version": arguments.version or model["version"],
            "width": width if arguments.width is None else arguments.width,
            "height": height if arguments.height is None else arguments.height,
        }
    return {name: value for name, value in fields.items() if value is not None}


def _size(model: Json) -> tuple[int, int]:
    if model["sizes"]:
        width, height = model["sizes"][0]
        return width, height
    sides = (model["width"], model["height"])
    width, height = (example_side(side["min"], side["max"], side["step"]) for side in sides)
    return width, height


async def _saved(client: Client, image: Json, folder: Path, prompt: str, *, once: bool = False) -> Drawn:
    file = None
    try:
        data = await client.fetch(image["image"])
        file = str(write_image(folder, prompt=prompt, seed=image["seed"], data=data, once=once))
    except (Problem, InvalidValue, OSError) as fault:
        tell(f"the image {image['image']} is not in a file: {fault}")
    return Drawn(image["id"], image["seed"], image["image"], file)
