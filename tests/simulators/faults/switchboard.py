"""Switches faults on and off: from a test, over HTTP, or by a prompt with `[fault:NAME option=value ...]`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from typing import Any, Generic, TypeVar

import msgspec

from simulators.faults.fault import AnyFault, Fault, Options

IN_PROMPT = re.compile(r"\[fault:(?P<name>[a-z0-9-]+)(?P<options>(?: [a-z]+=[^ \]]+)*)\]")

F = TypeVar("F", bound=Fault[Any])


class NoSuchFault(Exception):
    """The menu has no such fault, or the fault has no such option."""


@dataclass(slots=True)
class Switch(Generic[F]):
    """A fault that is on; `left` is the number of times that it still acts, None for always."""

    fault: F
    options: Options
    left: int | None

    def is_on_for(self, index: int | None) -> bool:
        """Return whether it affects the image at `index`, or the answer as a whole if None."""
        return self.left != 0 and (index is None or self.options.index in {None, index})


class CallFaults:
    """The faults of one call: first those that its prompt orders, then those that are on for all calls."""

    def __init__(self, own: Iterable[Switch[Any]], common: dict[str, Switch[Any]]) -> None:
        self._own = tuple(own)
        self._common = common

    def take(self, stage: type[F], index: int | None = None) -> Iterator[Switch[F]]:
        """Yield the faults that act at `stage`, and count each as having acted once more."""
        for switch in chain(self._own, tuple(self._common.values())):
            if isinstance(switch.fault, stage) and switch.is_on_for(index):
                if switch.left is not None:
                    switch.left -= 1
                yield switch

    def first(self, stage: type[F], index: int | None = None) -> Switch[F] | None:
        """Return the first fault that acts at `stage`, or None, and count it."""
        return next(self.take(stage, index), None)


class Switchboard:
    """The menu of one simulator, and the faults that are on."""

    def __init__(self, menu: Iterable[AnyFault]) -> None:
        self.menu: dict[str, AnyFault] = {}
        for fault in menu:
            if fault.name in self.menu:
                raise ValueError(f"two faults are called {fault.name}")
            self.menu[fault.name] = fault
        self._on: dict[str, Switch[Any]] = {}

    def set(self, name: str, **options: float | str) -> None:
        """Switch a fault on for later calls; if it is on already, replace its options.

        Raises:
            NoSuchFault: the menu has no such fault, or the fault has no such option.
        """
        self._on[name] = self._switch(name, options)

    def clear(self) -> None:
        """Switch all faults off."""
        self._on.clear()

    def described(self) -> list[dict[str, object]]:
        """Return the faults that are on: name, given options, and how often they still act."""
        return [
            {"name": name, "options": msgspec.to_builtins(switch.options), "left": switch.left}
            for name, switch in self._on.items()
        ]

    def for_call(self, prompt: str) -> CallFaults:
        """Return the faults of a call with this prompt.

        Raises:
            NoSuchFault: the prompt orders an unknown fault or option.
        """
        own = [
            self._switch(found["name"], dict(option.split("=", 1) for option in found["options"].split()))
            for found in IN_PROMPT.finditer(prompt)
        ]
        return CallFaults(own, self._on)

    def _switch(self, name: str, given: dict[str, Any]) -> Switch[Any]:
        if name not in self.menu:
            near = get_close_matches(name, self.menu, n=1)
            raise NoSuchFault(f"no fault is called {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        fault = self.menu[name]
        if ignored := given.keys() - {"times", *fault.reads}:
            raise NoSuchFault(f"{name} does not read {', '.join(sorted(ignored))}")
        try:
            options = msgspec.convert(given, Options, strict=False)
        except msgspec.ValidationError as error:
            raise NoSuchFault(f"{name}: {error}") from error
        return Switch(fault, options, options.times)
