"""Text that several commands print in the same way."""

from datetime import datetime

from darkroom.domain.model.generation import Generation


def shown(text: str) -> str:
    """Return a text on one line, with blanks in place of the control characters that could affect a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def moment(at: datetime) -> str:
    """Return a time as text; `at` must be in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def as_it_stands(generation: Generation) -> str:
    """Return a sentence with the state of a generation after a command has changed it."""
    return f"{generation.id} is {generation.state} now, with {len(generation.images)} of its images stored"
