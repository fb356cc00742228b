"""`darkroom completion`: what a shell completes, by click, which knows the shells."""

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
    """For which shell."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete commands")
    parser.epilog = (
        'bash: eval "$(darkroom completion bash)" in ~/.bashrc; zsh: the same with zsh in ~/.zshrc; '
        "fish: darkroom completion fish > ~/.config/fish/completions/darkroom.fish"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the script that a shell reads."""
    kind = get_completion_class(arguments.shell)
    assert kind is not None  # noqa: S101  # click knows each of SHELLS
    # Not by `source`, which starts the shell to see how old it is.
    completion = kind(click.Group(), {}, _PROGRAM, COMPLETES)
    print(completion.source_template % completion.source_vars())
    return 0


def words() -> Sequence[str]:
    """The words of the line that a shell asks about."""
    return os.environ.get("COMP_WORDS", "").split()


def complete(parser: argparse.ArgumentParser) -> int:
    """Answer the shell."""
    return shell_complete(_as_click(parser, _PROGRAM), {}, _PROGRAM, COMPLETES, os.environ[COMPLETES])


def _as_click(parser: argparse.ArgumentParser, name: str) -> click.Command:
    """The same commands and options, as click describes them."""
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
