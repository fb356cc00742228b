"""What several commands print in the same way."""

from datetime import datetime

from darkroom.domain.model.generation import Generation


def shown(text: str) -> str:
    """A text in one line, without the control characters that a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def moment(at: datetime) -> str:
    """A point in time, which is in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def as_it_stands(generation: Generation) -> str:
    """What a command has made of a generation."""
    return f"{generation.id} is {generation.state} now, with {len(generation.images)} of its images stored"
