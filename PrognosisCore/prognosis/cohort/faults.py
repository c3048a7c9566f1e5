"""What is wrong with a table, collected so that all of it is told at once."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from prognosis.errors import InputError

_MOST_LISTED = 20
_Value = TypeVar("_Value")


class Faults:
    """The faults of one table."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def table(self, problem: str) -> None:
        """Add a fault of the table as a whole."""
        self._found.append((0, problem))

    def rows(self, problem: str, first: int) -> None:
        """Add a fault whose words name its rows, listed where row `first` is."""
        self._found.append((first, problem))

    def cell(self, row: int, column: str, problem: str) -> None:
        """Add a fault of one cell."""
        self._found.append((row, f"row {row}, column {column}: {problem}"))

    def read(self, row: int, column: str, text: str, reader: Callable[[str], _Value]) -> _Value | None:
        """Read a cell; a ValueError becomes a fault, and None is returned."""
        try:
            return reader(text)
        except ValueError as error:
            self.cell(row, column, str(error))
            return None

    def listed(self) -> tuple[str, ...]:
        """All faults in words: those of the table first, then by row."""
        return tuple(problem for _, problem in sorted(self._found, key=lambda fault: fault[0]))

    def refuse(self, table: Path) -> None:
        """Raise when there is any fault.

        Raises:
            InputError: The first 20 are listed, the others counted.
        """
        if not self._found:
            return
        listed = self.listed()
        more = f" (and {len(listed) - _MOST_LISTED} more)" if len(listed) > _MOST_LISTED else ""
        raise InputError(
            f"{table} cannot be used: {'; '.join(listed[:_MOST_LISTED])}{more}.", remedy="Mend what is named."
        )
