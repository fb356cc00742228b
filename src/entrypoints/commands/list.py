"""`darkroom list`."""

import argparse

from darkroom.entrypoints.commands.generate.client import Json
from darkroom.entrypoints.commands.generate.services import declare_where
from darkroom.entrypoints.commands.looking import look
from darkroom.entrypoints.commands.printing import shown
from darkroom.entrypoints.failures import tell
from darkroom.entrypoints.settings import Settings

_PROMPT = 60  # the most characters of a prompt in a line


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: what to search for, the service, and the format of the output."""
    parser.add_argument("--limit", metavar="N", help="how many; default: 20, at most 100")
    parser.add_argument("--cursor", metavar="ID", help="continue after the previous list, with its next_cursor")
    parser.add_argument("--state", help="only those in this state, such as stored or unknown")
    parser.add_argument("--model", "--version", dest="version", metavar="NAME", help="only those of this model")
    parser.add_argument("--text", help="only those whose prompt contains this, in upper or lower case")
    declare_where(parser)
    parser.add_argument("--json", action="store_true", help="print them as JSON, as GET /api/generations has them")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List generations, newest first; return the exit status."""
    asked = {name: getattr(arguments, name) for name in ("limit", "cursor", "state", "version", "text")}
    asked = {name: text for name, text in asked.items() if text is not None}
    return look(arguments, settings, lambda client: client.generations(asked), _print)


def _print(page: Json) -> None:
    for one in page["items"]:
        order = one["order"]
        prompt = shown("(forgotten)" if order["prompt"] is None else order["prompt"])
        images = f"{len(one['images'])} of {order['samples']}"
        short = prompt if len(prompt) <= _PROMPT else f"{prompt[: _PROMPT - 1]}…"
        when, version = f"{one['created_at'][:19]}Z", shown(order["version"])
        print(f"{one['id']}  {when}  {one['state']:9}  {images:6}  {version}  {short}")
    if page["next_cursor"]:
        tell(f"there are more: --cursor {page['next_cursor']}")
