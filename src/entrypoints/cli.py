"""The command line: `darkroom serve` and the other commands. Each is imported only when it is called."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from darkroom.entrypoints import logs
from darkroom.entrypoints.failures import told
from darkroom.entrypoints.settings import Settings, warnings
from darkroom.entrypoints.settings.environment_file import fill_in_from

log = logging.getLogger(__name__)

# Each is a module in `darkroom.entrypoints.commands` with two functions, `declare` and `run`.
COMMANDS: Final = {
    "serve": "serve images over HTTP",
    "token": "print an access token",
    "tokens": "list the access tokens that were made under a name",
    "revoke": "revoke an access token",
    "generate": "draw images, through a running service or in this process",
    "models": "list the models on offer",
    "list": "list your generations, newest first",
    "show": "show one of your generations",
    "delete": "delete generations, or one image of each",
    "mcp": "let an agent draw over standard input and output (Model Context Protocol)",
    "inspect": "print the marks of an image file: how it was made, and who signed it",
    "check": "print what is configured and whether it can be reached; spends nothing",
    "health": "check whether the service on this machine accepts orders; for health checks of containers",
    "usage": "print what was drawn and what it cost, by caller, model and day",
    "ledger": "make a new ledger, or bring the ledger's schema up to date",
    "backup": "back up what this machine keeps to a file, while the service runs",
    "restore": "restore a backup, while no service runs",
    "recover": "list generations whose images are out of reach, and give up a lost spool",
    "evidence": "list and show answers of providers that could not be used",
    "orphans": "compare what the ledger knows with what the storage keeps",
    "completion": "print a script with which a shell completes these commands",
}
COMPLETES: Final = "_DARKROOM_COMPLETE"
"""The variable that a shell sets to ask for completions; `COMP_WORDS` holds the command line."""

# These need no settings.
_WITHOUT_SETTINGS: Final = frozenset({"inspect", "completion"})
_STATUS: Final = """exit status:
  0    done
  1    failed, and nothing was spent
  2    the settings or the arguments are wrong
  3    failed, and money was spent, or may have been
  130  interrupted; an order that was already sent may go on, and be charged
"""


class _Release(argparse.Action):
    """Prints the release; `importlib.metadata` is imported only for that."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata  # noqa: PLC0415  # slow

        sys.stdout.write(f"darkroom {metadata.version('darkroom')}\n")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit status; `argv` is by default that of the process."""
    words = sys.argv[1:] if argv is None else list(argv)
    if COMPLETES in os.environ:
        return _complete()
    arguments = _parser(words).parse_args(words)
    return told(lambda: _run(arguments))


def _complete() -> int:
    """Print completions for a shell; return the exit status."""
    from darkroom.entrypoints.commands import completion  # noqa: PLC0415  # it imports click

    return completion.complete(_parser(completion.words()))


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of the command line; only the command that the words name has its arguments declared."""
    wanted = next((word for word in words if word in COMMANDS), None)
    parser = argparse.ArgumentParser(
        prog="darkroom",
        description="One authenticated call draws images and keeps them in your own storage.",
        epilog=_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Release, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == wanted:
            import_module(f"darkroom.entrypoints.commands.{name}").declare(command)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    given = () if arguments.command in _WITHOUT_SETTINGS else (_settings(arguments.command),)
    status: int = import_module(f"darkroom.entrypoints.commands.{arguments.command}").run(arguments, *given)
    return status


def _settings(command: str) -> Settings:
    """Read the settings, set up the log as they say, and log their warnings."""
    fill_in_from(Path(".env"), os.environ)
    settings = Settings.read(os.environ)
    if command == "serve":
        logs.set_up(level=settings.service.log_level, style=settings.service.log_format)
    else:
        logs.set_up(level="warning", style="console")
    for line in warnings(os.environ):
        log.warning(line)
    return settings


if __name__ == "__main__":
    sys.exit(main())
