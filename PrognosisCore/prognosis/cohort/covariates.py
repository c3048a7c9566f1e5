"""Whether a column of text holds numbers or categories; a column that is neither for sure is a fault."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from prognosis.cohort.cells import EMPTY, is_number, quoted, read_number
from prognosis.cohort.columns import CategoryColumn, Column, NumberColumn
from prognosis.cohort.contract import is_covariate
from prognosis.cohort.csv_table import CsvTable
from prognosis.cohort.faults import Faults

_LEVELS_AT_MOST = 30
_REPEATED_FRACTION = 0.5
_NEARLY_ALL_DIFFERENT = 0.9
_TELLING_COUNT = 10
_NAMES_LISTED = 5


def read_covariates(
    table: CsvTable, faults: Faults, *, categorical: Collection[str] = ()
) -> tuple[tuple[Column, ...], list[str]]:
    """Read every column that is a covariate.

    Args:
        table: The table.
        faults: Where cells and columns that cannot be read are listed.
        categorical: Columns that are categories though they look like numbers.

    Returns:
        The columns, and what was found, in words. A column without any value is left out, and said to be.
    """
    columns: list[Column] = []
    notes: list[str] = []
    for name, cells in table.columns.items():
        if not is_covariate(name, table.columns):
            continue
        filled = [cell for cell in cells if cell not in EMPTY]
        if not filled:
            notes.append(f"Column {name} is empty and left out.")
            continue
        if len(filled) < len(cells):
            notes.append(_missing(name, cells))
        if name not in categorical and _is_of_numbers(filled):
            columns.append(NumberColumn(name, _numbers(table.rows, name, cells, faults)))
            continue
        if name not in categorical and _is_free_text(filled):
            faults.table(
                f"column {name} holds {len(set(filled))} different texts in {len(filled)} rows and is no category: "
                f"leave it out with --ignore {name}"
            )
            continue
        notes += _level_notes(name, filled)
        columns.append(CategoryColumn(name, np.array(["" if cell in EMPTY else cell for cell in cells])))
    return tuple(columns), notes


def _is_of_numbers(filled: Sequence[str]) -> bool:
    return 2 * sum(is_number(cell) for cell in filled) > len(filled)


def _is_free_text(filled: Sequence[str]) -> bool:
    levels = len(set(filled))
    if levels > _LEVELS_AT_MOST:
        return levels > _REPEATED_FRACTION * len(filled)
    return levels > _TELLING_COUNT and levels > _NEARLY_ALL_DIFFERENT * len(filled)


def _numbers(rows: Sequence[int], name: str, cells: Sequence[str], faults: Faults) -> NDArray[np.float64]:
    values = np.full(len(cells), np.nan)
    for at, (row, cell) in enumerate(zip(rows, cells, strict=True)):
        if cell in EMPTY:
            continue
        try:
            values[at] = read_number(cell)
        except ValueError as error:
            hint = "" if is_number(cell) else f"; if the column is of categories, add --categorical {name}"
            faults.cell(row, name, f"{error}{hint}")
    return values


def _missing(name: str, cells: Sequence[str]) -> str:
    written = Counter(cell for cell in cells if cell in EMPTY)
    words = ", ".join(quoted(cell) for cell in written if cell)
    return f"Column {name}: {written.total()} of {len(cells)} cells are empty{f' ({words} counted so)' * bool(words)}."


def _level_notes(name: str, filled: Sequence[str]) -> list[str]:
    counts = Counter(filled)
    notes = []
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for level in counts:
        spellings[level.casefold()].append(level)
    if alike := [levels for levels in spellings.values() if len(levels) > 1]:
        words = ", ".join(quoted(level) for level in alike[0])
        notes.append(f"Column {name}: categories that differ in case only are taken as different: {words}.")
    if single := sorted(level for level, count in counts.items() if count == 1):
        words = ", ".join(quoted(level) for level in single[:_NAMES_LISTED])
        more = f" and {len(single) - _NAMES_LISTED} more" if len(single) > _NAMES_LISTED else ""
        notes.append(f"Column {name}: a single patient has category {words}{more}: merge it with another.")
    return notes
