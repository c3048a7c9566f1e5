"""Values of a stored result, each asked for by its name and kind; what is not so is said with file and name."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prognosis.errors import InputError

SCORE_AGAIN = "Score the patient again."

_LARGEST = 1e300


@dataclass(frozen=True)
class Entries:
    """An object of a JSON document, whose values are asked for by key and kind.

    Args:
        where: The file and the key of this object, for messages.
        values: As they were read.
    """

    where: str
    values: Mapping[str, Any]

    def number(self, key: str) -> float:
        value = self._value(key)
        if not _is_number(value):
            raise self._wrong(key, "a number")
        return float(value)

    def number_or_none(self, key: str) -> float | None:
        return None if self._value(key) is None else self.number(key)

    def text(self, key: str) -> str:
        value = self._value(key)
        if not isinstance(value, str):
            raise self._wrong(key, "text")
        return value

    def text_or_none(self, key: str) -> str | None:
        return None if self._value(key) is None else self.text(key)

    def truth(self, key: str) -> bool:
        value = self._value(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def list_of_numbers(self, key: str) -> tuple[float, ...]:
        value = self._value(key)
        if not isinstance(value, list) or not all(map(_is_number, value)):
            raise self._wrong(key, "a list of numbers")
        return tuple(float(number) for number in value)

    def list_of_texts(self, key: str) -> tuple[str, ...]:
        value = self._value(key)
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self._wrong(key, "a list of texts")
        return tuple(value)

    def texts(self) -> Mapping[str, str]:
        return {key: self.text(key) for key in self.values}

    def entry(self, key: str) -> "Entries":
        value = self._value(key)
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return Entries(f"{self.where}, '{key}'", value)

    def entry_or_none(self, key: str) -> "Entries | None":
        return None if self._value(key) is None else self.entry(key)

    def entries(self, key: str) -> "list[Entries]":
        value = self._value(key)
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self._wrong(key, "a list of objects")
        return [Entries(f"{self.where}, '{key}' {number}", entry) for number, entry in enumerate(value, 1)]

    def _value(self, key: str) -> Any:
        if key not in self.values:
            raise InputError(f"{self.where}: '{key}' is missing.", remedy=SCORE_AGAIN)
        return self.values[key]

    def _wrong(self, key: str, wanted: str) -> InputError:
        return InputError(f"{self.where}: '{key}' should be {wanted}.", remedy=SCORE_AGAIN)


@dataclass(frozen=True)
class Row:
    """A row of a table, whose cells are asked for by column and kind.

    Args:
        where: The file and line, for messages.
        cells: Column -> text.
    """

    where: str
    cells: Mapping[str, str]

    def number(self, column: str) -> float:
        try:
            value = float(self.cells[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(
                f"{self.where}, column '{column}': '{self.cells[column]}' is no number.", remedy=SCORE_AGAIN
            )
        return value

    def whole(self, column: str) -> int:
        value = self.number(column)
        if value != int(value):
            raise InputError(
                f"{self.where}, column '{column}': '{self.cells[column]}' is no whole number.", remedy=SCORE_AGAIN
            )
        return int(value)

    def number_or_none(self, column: str) -> float | None:
        return self.number(column) if self.cells[column] else None


def read_text(path: Path) -> str:
    """The text of a file of a result."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.", remedy="Is it the folder of a finished result?"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no UTF-8 text.", remedy=SCORE_AGAIN) from error


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST
