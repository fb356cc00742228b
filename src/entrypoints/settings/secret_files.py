"""Secrets in files, as in Docker and Kubernetes: `NAME_FILE` names a file that contains the value of `NAME`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from darkroom.entrypoints.settings.setting import SECRET_FILE, declared_in

_LONGEST: Final = 64 * 1024  # bytes; a chain of certificates with its key is a tenth of that


def with_secret_files(
    environment: Mapping[str, str], groups: Sequence[type]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the environment with secrets read from files, and a line for each file that cannot be used, by secret.

    The lines do not quote the variables, which may contain a secret by mistake.
    """
    held, wrong = dict(environment), {}
    for name in secret_names(groups):
        file = environment.get(name + SECRET_FILE, "").strip()
        if not file:
            continue
        if environment.get(name, "").strip():
            wrong[name] = f"{name} and {name}{SECRET_FILE} are both set: leave one of them out"
            continue
        try:
            text = _read(Path(file).expanduser())
        except (OSError, ValueError, RuntimeError) as fault:
            reason = getattr(fault, "strerror", None) or fault
            wrong[name] = f"{name}{SECRET_FILE} must name a file that can be read: {reason}"
            continue
        if text.strip():
            held[name] = text.removesuffix("\n").removesuffix("\r")  # the line end at the end of text files
        else:
            wrong[name] = f"{name}{SECRET_FILE} names a file that is empty"
    return held, wrong


def untidy_secrets(environment: Mapping[str, str], groups: Sequence[type]) -> Iterator[str]:
    """Yield a line for each secret with white space around it, such as a line end that was copied with it."""
    held, _ = with_secret_files(environment, groups)
    for name in secret_names(groups):
        text = held.get(name, "")
        of_lines = "\n" in text.strip()  # as PEM, whose last line ends too
        if text.strip() and text != text.strip() and not of_lines:
            yield f"{name} has white space or a line end around it, which is left out"


def secret_names(groups: Sequence[type]) -> Iterator[str]:
    """Yield the names of the settings that are secrets."""
    return (declared.setting.name for group in groups for declared in declared_in(group) if declared.secret)


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
