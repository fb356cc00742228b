"""`darkroom completion`: shell completion, by click."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from click.shell_completion import get_completion_class, shell_complete

from darkroom.entrypoints.cli import COMPLETES

SHELLS: Final = ("bash", "zsh", "fish")
_PROGRAM: Final = "darkroom"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the shell."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete commands")
    parser.epilog = (
        'bash: eval "$(darkroom completion bash)" in ~/.bashrc; zsh: the same with zsh in ~/.zshrc; '
        "fish: darkroom completion fish > ~/.config/fish/completions/darkroom.fish"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the completion script for a shell; return the exit status."""
    kind = get_completion_class(arguments.shell)
    assert kind is not None  # noqa: S101  # click knows each of SHELLS
    # Not `completion.source()`, which runs the shell to check its version.
    completion = kind(click.Group(), {}, _PROGRAM, COMPLETES)
    print(completion.source_template % completion.source_vars())
    return 0


def words() -> Sequence[str]:
    """Return the words of the command line that a shell wants to complete."""
    return os.environ.get("COMP_WORDS", "").split()


def complete(parser: argparse.ArgumentParser) -> int:
    """Print the completions that a shell asks for; return the exit status."""
    return shell_complete(_as_click(parser, _PROGRAM), {}, _PROGRAM, COMPLETES, os.environ[COMPLETES])


def _as_click(parser: argparse.ArgumentParser, name: str) -> click.Command:
    """Return the parser's commands and options as a command of click."""
    actions = parser._actions  # noqa: SLF001  # nothing public lists them
    parameters = [_parameter(action) for action in actions if not isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            summaries = {one.dest: one.help for one in action._choices_actions}  # noqa: SLF001
            commands = {verb: _as_click(one, verb) for verb, one in action.choices.items()}
            for verb, command in commands.items():
                command.short_help = summaries.get(verb)
            return click.Group(name, commands, params=parameters, add_help_option=False)
    return click.Command(name, params=parameters, help=parser.description, add_help_option=False)


def _parameter(action: argparse.Action) -> click.Parameter:
    kind: click.ParamType[object] = click.STRING
    if action.choices:
        kind = click.Choice([str(choice) for choice in action.choices])
    elif action.type is Path or action.metavar in ("FILE", "DIR", "PEM"):
        kind = click.Path(file_okay=action.metavar != "DIR")
    if not action.option_strings:
        many = -1 if action.nargs in ("*", "+") else 1
        return click.Argument([action.dest], type=kind, required=False, nargs=many)
    return click.Option(
        [*action.option_strings],
        type=None if action.nargs == 0 else kind,
        is_flag=action.nargs == 0,
        multiple=isinstance(action, argparse._AppendAction),  # noqa: SLF001
        help=action.help,
    )
