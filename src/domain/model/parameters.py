"""What an order may say of how its images are drawn: optional fields, refused by name if a model cannot honour them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Final, Protocol, Self, get_args

from darkroom.domain.model.values import GuidanceScale, InferenceSteps, Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of one order, under the names of its fields; None for what was left out.

    A new one is a class in `values.py` with its field here, a range under the same name on `ModelCard`, and a line in
    each adapter that passes it on.
    """

    negative_prompt: Prompt | None = None
    num_inference_steps: InferenceSteps | None = None
    guidance_scale: GuidanceScale | None = None

    @classmethod
    def of(cls, **values: object) -> Self:
        """Make them of plain values; None is the same as leaving one out.

        Raises:
            InvalidValue: a value breaks the rule of its parameter.
        """
        return cls(**{name: PARAMETERS[name](value) for name, value in values.items() if value is not None})

    @property
    def given(self) -> dict[str, Any]:
        """Those that were given, as plain values: texts and numbers."""
        values = {}
        for name in PARAMETERS:
            parameter = getattr(self, name)
            if parameter is not None:
                values[name] = parameter.value
        return values

    @property
    def texts(self) -> tuple[Prompt, ...]:
        """Those that are texts of the caller's: they are kept as secret as the prompt is."""
        return tuple(text for name in TEXTS if (text := getattr(self, name)) is not None)

    def forgotten(self) -> Self:
        """Them without texts."""
        return replace(self, **dict.fromkeys(TEXTS))


class Number(Protocol):
    """The class of a parameter that is a number: an integer if its bounds are."""

    MIN: ClassVar[float]
    MAX: ClassVar[float]
    MEANING: ClassVar[str]

    def __init__(self, value: Any) -> None: ...  # noqa: ANN401  # it is checked at birth

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
