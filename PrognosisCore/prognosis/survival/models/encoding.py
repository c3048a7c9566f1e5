"""Covariates as a matrix of numbers, by what the training patients teach."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.bundles.strict_json import parse_record
from prognosis.cohort.columns import CategoryColumn, Column, NumberColumn
from prognosis.errors import InputError

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class NumberCode:
    """How a number is encoded: (value - mean) / sd.

    Args:
        column: Heading.
        fill: Stands in for an empty cell: the median of the training patients.
        mean: Of the training patients, empty cells filled.
        sd: Likewise; above zero.
    """

    column: str
    fill: float
    mean: float
    sd: float

    def __post_init__(self) -> None:
        if self.sd <= 0:
            msg = f"the standard deviation of '{self.column}' must be above zero, got {self.sd}"
            raise ValueError(msg)


@dataclass(frozen=True)
class CategoryCode:
    """How words are encoded: a column of 0 and 1 for each category but the reference.

    Args:
        column: Heading.
        reference: The commonest category of the training patients; it also stands in for an empty cell.
        others: The categories with a column of their own, in alphabetical order; none where all training patients
            had the reference, so that only another category is told and refused.
    """

    column: str
    reference: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Encoder:
    """Turns columns into a matrix; made by `fit`.

    Args:
        numbers: The encoded columns of numbers, in the table's order.
        categories: The encoded columns of words, which come after the numbers.
        notes: What was filled, dropped or found twice, in words.
    """

    numbers: tuple[NumberCode, ...]
    categories: tuple[CategoryCode, ...]
    notes: tuple[str, ...]

    @classmethod
    def fit(cls, columns: Sequence[Column], rows: Rows) -> "Encoder":
        """Learn means, medians and categories from training patients alone. Skewed numbers are left as they are.

        Args:
            columns: Of the whole table.
            rows: Indices of the training patients.

        Raises:
            InputError: A number is infinite, or no column tells the training patients apart.
        """
        numbers: list[NumberCode] = []
        categories: list[CategoryCode] = []
        notes: list[str] = []
        for column in columns:
            if isinstance(column, NumberColumn):
                numbers += _number_code(column, rows, notes)
            else:
                categories += _category_code(column, rows, notes)
        encoder = cls(tuple(numbers), tuple(categories), tuple(notes))
        if not encoder.names:
            raise InputError(
                f"No covariate can be used: {'; '.join(notes) or 'the table has none'}.",
                remedy="Add a column that differs between patients.",
            )
        twice = _repeated(encoder.encode(columns, rows), encoder.names)
        return cls(encoder.numbers, encoder.categories, encoder.notes + twice)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], file: Path) -> "Encoder":
        """Rebuild what `as_plain` gave.

        Args:
            plain: JSON values.
            file: Where they come from, for messages.

        Raises:
            ModelError: They are no encoder.
        """
        return parse_record(cls, json.dumps(plain).encode(), file)

    def as_plain(self) -> dict[str, Any]:
        """The encoder as JSON values."""
        return asdict(self)

    @property
    def names(self) -> tuple[str, ...]:
        """(p,) what each encoded column is, such as 'age' or 'sex = male'."""
        words = (f"{code.column} = {category}" for code in self.categories for category in code.others)
        return (*(code.column for code in self.numbers), *words)

    def encode(self, columns: Sequence[Column], rows: Rows) -> NDArray[np.float64]:
        """Encode patients, whether they trained or not.

        Args:
            columns: With the headings the encoder was fitted to; others are left alone.
            rows: Indices of the patients.

        Returns:
            (n, p) numbers, in the order of `names`.

        Raises:
            InputError: A column is missing or of another kind, a number is infinite, or a category is one that no
                training patient had.
        """
        by_name = {column.name: column for column in columns}
        encoded = [_encode_number(code, by_name, rows)[:, None] for code in self.numbers]
        encoded += [_encode_category(code, by_name, rows) for code in self.categories]
        return np.hstack(encoded)


def _number_code(column: NumberColumn, rows: Rows, notes: list[str]) -> list[NumberCode]:
    values = _finite(column, rows)
    empty = np.isnan(values)
    if empty.all():
        notes.append(f"'{column.name}' is left out: no training patient has a value")
        return []
    fill = float(np.median(values[~empty]))
    values = np.where(empty, fill, values)
    if np.ptp(values) == 0:
        notes.append(f"'{column.name}' is left out: it is {fill:.6g} for all training patients")
        return []
    if empty.any():
        notes.append(f"'{column.name}': {_of(empty)} have no value, for which their median {fill:.6g} stands")
    with np.errstate(over="ignore"):
        mean, sd = float(values.mean()), float(values.std())
    if not (np.isfinite(mean) and np.isfinite(sd)):
        raise InputError(f"Column '{column.name}' holds numbers too large to compute with.", remedy="Change its unit.")
    return [NumberCode(column.name, fill, mean, sd)]


def _category_code(column: CategoryColumn, rows: Rows, notes: list[str]) -> list[CategoryCode]:
    values = column.values[rows]
    empty = values == ""
    found = Counter(sorted(values[~empty].tolist()))
    if not found:
        notes.append(f"'{column.name}' is left out: no training patient has a value")
        return []
    reference = found.most_common(1)[0][0]
    others = tuple(category for category in found if category != reference)
    if not others:
        notes.append(f"'{column.name}' is left out: it is '{reference}' for all training patients")
    elif empty.any():
        notes.append(f"'{column.name}': {_of(empty)} have no value, for which the commonest, '{reference}', stands")
    return [CategoryCode(column.name, reference, others)]


def _of(empty: NDArray[np.bool_]) -> str:
    return f"{int(empty.sum())} of {len(empty)} training patients"


def _repeated(encoded: NDArray[np.float64], names: Sequence[str]) -> tuple[str, ...]:
    first: dict[bytes, str] = {}
    notes = []
    for name, values in zip(names, encoded.T, strict=True):
        same = first.setdefault(values.tobytes(), name)
        if same != name:
            notes.append(f"'{name}' says the same as '{same}' for all training patients; they share one effect")
    return tuple(notes)


def _encode_number(code: NumberCode, by_name: Mapping[str, Column], rows: Rows) -> NDArray[np.float64]:
    column = _named(code.column, by_name)
    if not isinstance(column, NumberColumn):
        raise InputError(
            f"Column '{code.column}' holds words, but numbers when the model was fitted.",
            remedy="Give numbers, or fit the model again.",
        )
    values = _finite(column, rows)
    return (np.where(np.isnan(values), code.fill, values) - code.mean) / code.sd


def _encode_category(code: CategoryCode, by_name: Mapping[str, Column], rows: Rows) -> NDArray[np.float64]:
    column = _named(code.column, by_name)
    if not isinstance(column, CategoryColumn):
        raise InputError(
            f"Column '{code.column}' holds numbers, but categories when the model was fitted.",
            remedy="Declare the column categorical.",
        )
    values = np.where(column.values[rows] == "", code.reference, column.values[rows])
    known = (code.reference, *code.others)
    unseen = ", ".join(f"'{category}'" for category in np.unique(values[~np.isin(values, known)]))
    if unseen:
        raise InputError(
            f"Column '{code.column}' holds {unseen}, which no patient had to whom the model was fitted.",
            remedy=f"Join it with a category those patients had ({', '.join(sorted(known))}) or leave these rows out.",
        )
    return (values[:, None] == np.array(code.others)).astype(float)


def _named(name: str, by_name: Mapping[str, Column]) -> Column:
    if name not in by_name:
        raise InputError(f"There is no column '{name}', which the model needs.", remedy="Add or rename the column.")
    return by_name[name]


def _finite(column: NumberColumn, rows: Rows) -> NDArray[np.float64]:
    values = np.asarray(column.values[rows], float)
    if np.isinf(values).any():
        raise InputError(f"Column '{column.name}' holds an infinite number.", remedy="Correct it or leave it empty.")
    return values
