"""What a limit's window holds, in the SQL of either ledger: what each check adds up, and over which rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from darkroom.domain.model.limits import CallerSpendCheck, Check, ImagesCheck, SpendCheck

# The column that is added up, and the columns by which rows are found, each with the check's attribute that it equals.
_COUNTED: Final[Mapping[type[Check], tuple[str, Mapping[str, str]]]] = {
    ImagesCheck: ("counted", {"caller": "subject"}),
    CallerSpendCheck: ("cost_millionths", {"caller": "subject", "currency": "currency"}),
    SpendCheck: ("cost_millionths", {"currency": "subject"}),
}


@dataclass(frozen=True, slots=True)
class Window:
    """`taken` adds up what it holds; `room_at` finds when the order was made with which some of that will be gone.

    Both take `parameters`, and `room_at` after them how much is to be gone.
    """

    taken: str
    room_at: str
    attributes: tuple[str, ...]

    def parameters(self, check: Check, since: object) -> tuple[object, ...]:
        """For a window that begins at `since`, as the database stores it."""
        return (*(getattr(check, name) for name in self.attributes), since)


def windows(mark: Callable[[int], str]) -> Mapping[type[Check], Window]:
    """The window of each kind of check; `mark` is how the database writes its nth parameter, counted from 1."""
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
    """  # noqa: S608  # nothing of it comes from outside
    return Window(taken, room_at, tuple(columns.values()))
