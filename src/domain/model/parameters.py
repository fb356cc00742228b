"""Parameters: optional fields of an order, each refused if the model cannot honour it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Final, Protocol, Self, get_args

from darkroom.domain.model.values import GuidanceScale, InferenceSteps, Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of one order, by the names of its fields; None if left out.

    A new parameter needs a class in `values.py`, a field here, a range of the same name on `ModelCard`, and a line in
    each generator that calls it by another name.
    """

    negative_prompt: Prompt | None = None
    num_inference_steps: InferenceSteps | None = None
    guidance_scale: GuidanceScale | None = None

    @classmethod
    def of(cls, **values: object) -> Self:
        """Return the parameters with these plain values; None is left out.

        Raises:
            InvalidValue: a value breaks the rule of its parameter.
        """
        return cls(**{name: PARAMETERS[name](value) for name, value in values.items() if value is not None})

    @property
    def given(self) -> dict[str, Any]:
        """The parameters that were given, by name, as plain strings and numbers."""
        values = {}
        for name in PARAMETERS:
            parameter = getattr(self, name)
            if parameter is not None:
                values[name] = parameter.value
        return values

    @property
    def texts(self) -> tuple[Prompt, ...]:
        """The given parameters that are texts, which are as confidential as the prompt."""
        return tuple(text for name in TEXTS if (text := getattr(self, name)) is not None)

    def forgotten(self) -> Self:
        """Return the parameters without texts."""
        return replace(self, **dict.fromkeys(TEXTS))


class Number(Protocol):
    """The class of a numeric parameter: an integer if its bounds are integers."""

    MIN: ClassVar[float]
    MAX: ClassVar[float]
    MEANING: ClassVar[str]

    def __init__(self, value: Any) -> None: ...  # noqa: ANN401  # the constructor checks it

    @property
    def value(self) -> float: ...


NONE_GIVEN: Final = Parameters()

PARAMETERS: Final[Mapping[str, Any]] = {
    field.name: get_args(field.type)[0]  # of `InferenceSteps | None`
    for field in fields(Parameters)
}
"""The class of each parameter, by the name of its field."""

NUMBERS: Final[Mapping[str, type[Number]]] = {name: kind for name, kind in PARAMETERS.items() if kind is not Prompt}
TEXTS: Final = tuple(name for name in PARAMETERS if name not in NUMBERS)
