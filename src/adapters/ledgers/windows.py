"""SQL for the sliding windows of limits, for both databases: the summed column and the rows of each kind of check."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from darkroom.domain.model.limits import CallerSpendCheck, Check, ImagesCheck, SpendCheck

# By kind of check: the summed column, and the columns that select rows, each with the attribute of the check to match.
_COUNTED: Final[Mapping[type[Check], tuple[str, Mapping[str, str]]]] = {
    ImagesCheck: ("counted", {"caller": "subject"}),
    CallerSpendCheck: ("cost_millionths", {"caller": "subject", "currency": "currency"}),
    SpendCheck: ("cost_millionths", {"currency": "subject"}),
}


@dataclass(frozen=True, slots=True)
class Window:
    """The statements for one kind of check.

    `taken` returns the sum over the window. `room_at` returns the time of the order with which a given amount will have
    left the window, or no row. Both take `parameters`; `room_at` also takes that amount, as the last one.
    """

    taken: str
    room_at: str
    attributes: tuple[str, ...]

    def parameters(self, check: Check, since: object) -> tuple[object, ...]:
        """Return the parameters for a window that begins at `since`, a time as the database stores it."""
        return (*(getattr(check, name) for name in self.attributes), since)


def windows(mark: Callable[[int], str]) -> Mapping[type[Check], Window]:
    """Return the statements for each kind of check; `mark(n)` is the placeholder of the nth parameter, from 1."""
    return {kind: _window(amount, columns, mark) for kind, (amount, columns) in _COUNTED.items()}


def _window(amount: str, columns: Mapping[str, str], mark: Callable[[int], str]) -> Window:
    found_by = " AND ".join(f"{column} = {mark(number)}" for number, column in enumerate(columns, start=1))
    since, excess = mark(len(columns) + 1), mark(len(columns) + 2)
    rows = f"FROM generations WHERE {found_by} AND created_at > {since}"
    taken = f"SELECT CAST(coalesce(sum({amount}), 0) AS bigint) AS taken {rows}"
    room_at = f"""
        SELECT created_at FROM (
            SELECT created_at, sum({amount}) OVER (ORDER BY created_at) AS gone {rows}
        ) AS oldest_first WHERE gone >= CAST({excess} AS bigint) ORDER BY created_at LIMIT 1
    """  # noqa: S608  # built from constants
    return Window(taken, room_at, tuple(columns.values()))
