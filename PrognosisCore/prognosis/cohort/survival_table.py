"""A table of covariates and survival: one row a patient."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prognosis.cohort.cells import ZeroTimes, quoted, read_id
from prognosis.cohort.columns import Column, NumberColumn
from prognosis.cohort.contract import TIME_COLUMNS, date_column_of, is_covariate, nearly_reserved
from prognosis.cohort.covariate_dates import check_dates
from prognosis.cohort.covariates import read_covariates
from prognosis.cohort.csv_table import CsvTable, read_csv_table, require_columns
from prognosis.cohort.faults import Faults
from prognosis.cohort.outcome import check_events, read_outcomes
from prognosis.errors import UsageError

_SPLITS = ("train", "test")
_LEAST_EVENTS = 2
_SAME_ORDER = 0.9999
_LEAST_ROWS_TO_COMPARE = 30


@dataclass(frozen=True)
class SurvivalTable:
    """Patients with follow-up and covariates.

    Args:
        rows: (n,) line of the table of each patient, the header being line 1.
        time_days: (n,) follow-up.
        event: (n,) whether the event was seen at that time.
        columns: Covariates, in the table's order.
        split: (n,) 'train' or 'test', None where the table has no column `split`.
        group: (n,) treatment group, '' where the table has none.
        notes: What was found while reading, in words.
    """

    rows: NDArray[np.int64]
    time_days: NDArray[np.float64]
    event: NDArray[np.bool_]
    columns: tuple[Column, ...]
    split: NDArray[np.str_] | None
    group: NDArray[np.str_]
    notes: tuple[str, ...]


def read_survival_table(
    table: Path,
    *,
    zero_times: ZeroTimes = "refuse",
    categorical: Collection[str] = (),
    ignore: Collection[str] = (),
) -> SurvivalTable:
    """Read a table whose free columns are covariates.

    A covariate is a number where all its filled cells are, otherwise a category. Empty, NA, NaN, '.' and '?' are
    missing values. The columns of the cohort table (ids, outcome, files, dates, `group`, `site`, ...) are none.

    Args:
        table: A CSV with `patient_id`, `event`, `time_days` or `time_months`, and covariates.
        zero_times: 'keep' accepts times of zero.
        categorical: Columns that are categories though they look like numbers.
        ignore: Columns left out as if they were not there.

    Raises:
        InputError: Anything is wrong; all bad rows are listed and nothing is dropped.
        UsageError: `categorical` or `ignore` names a column that is not there or cannot be meant.
    """
    faults = Faults()
    read = survival_table_of(
        read_csv_table(table, faults), faults, zero_times=zero_times, categorical=categorical, ignore=ignore
    )
    faults.refuse(table)
    return read


def survival_table_of(
    whole: CsvTable,
    faults: Faults,
    *,
    zero_times: ZeroTimes = "refuse",
    categorical: Collection[str] = (),
    ignore: Collection[str] = (),
) -> SurvivalTable:
    """As `read_survival_table`, listing what is wrong with rows instead of raising it."""
    _check_names(whole, categorical, ignore)
    left_out = {*ignore, *(date_column_of(name) for name in ignore if is_covariate(name, whole.columns))}
    table = CsvTable(
        whole.path, whole.rows, {name: cells for name, cells in whole.columns.items() if name not in left_out}
    )
    require_columns(table, ["patient_id"])
    outcomes, notes = read_outcomes(table, faults, zero_times=zero_times)
    _check_headings(table, faults)
    _check_one_row_a_patient(table, faults)
    check_dates(table, faults)
    columns, covariate_notes = read_covariates(table, faults, categorical=categorical)
    split = _read_split(table, faults)
    if not columns and not len(faults):
        faults.table("it has no covariate: every column is an id, an outcome, a file, a date, group, site or ignored")
    time_days = np.array([np.nan if outcome is None else outcome[0] for outcome in outcomes], float)
    event = np.array([outcome is not None and outcome[1] for outcome in outcomes], bool)
    if not len(faults):
        notes += check_events(int(event.sum()), faults, least=_LEAST_EVENTS)
        _check_not_the_outcome(columns, time_days, event, faults)
    return SurvivalTable(
        rows=np.array(table.rows, np.int64),
        time_days=time_days,
        event=event,
        columns=columns,
        split=split,
        group=np.array(table.column("group"), dtype=str),
        notes=(*notes, *covariate_notes, *_role_notes(table, ignore)),
    )


def _check_names(table: CsvTable, categorical: Collection[str], ignore: Collection[str]) -> None:
    unknown = [name for name in (*categorical, *ignore) if name not in table.columns]
    if unknown:
        raise UsageError(
            f"{table.path} has no column {', '.join(unknown)} to be ignored or taken as categories.",
            remedy=f"It has: {', '.join(table.header[:50])}.",
        )
    needed = [name for name in ignore if name in ("patient_id", "event", *TIME_COLUMNS)]
    if needed:
        raise UsageError(f"Column {', '.join(needed)} cannot be ignored.", remedy="Leave it out of --ignore.")
    meant = [name for name in categorical if name in ignore or not is_covariate(name, table.columns)]
    if meant:
        raise UsageError(f"Column {', '.join(meant)} is no covariate.", remedy="Leave it out of --categorical.")


def _check_one_row_a_patient(table: CsvTable, faults: Faults) -> None:
    first: dict[str, tuple[int, str]] = {}
    for row, text in zip(table.rows, table.column("patient_id"), strict=True):
        patient = faults.read(row, "patient_id", text, read_id)
        if patient is None:
            continue
        other_row, other = first.setdefault(patient.casefold(), (row, patient))
        if other != patient:
            faults.rows(f"rows {other_row} and {row} have patient ids that differ in case only", row)
        elif other_row != row:
            faults.rows(f"rows {other_row} and {row} are of one patient: average annotations to one row first", row)


def _read_split(table: CsvTable, faults: Faults) -> NDArray[np.str_] | None:
    if "split" not in table.columns:
        return None
    cells = table.column("split")
    for row, cell in zip(table.rows, cells, strict=True):
        if cell not in _SPLITS:
            faults.cell(row, "split", f"split must be train or test, got {quoted(cell)}")
    for side in _SPLITS:
        if cells and side not in cells:
            faults.table(f"column split has no {side} patient: name some, or leave it out with --ignore split")
    return np.array(cells, dtype=str)


def _check_headings(table: CsvTable, faults: Faults) -> None:
    """A 'Split' or 'Cause' taken for a covariate would let models see what they are to predict."""
    for name in table.header:
        meant = nearly_reserved(name)
        if meant is not None:
            faults.table(
                f"column {name} is nearly {meant}: name it so, or otherwise, or leave it out with --ignore {name}"
            )


def _check_not_the_outcome(
    columns: Sequence[Column], time_days: NDArray[np.float64], event: NDArray[np.bool_], faults: Faults
) -> None:
    """A second column of times, such as months beside days, or of events would let models look into the future."""
    for column in columns:
        if _says(column, event):
            faults.table(f"column {column.name} is the event itself: leave it out with --ignore {column.name}")
        elif isinstance(column, NumberColumn) and _orders_as(column.values, time_days):
            faults.table(f"column {column.name} is the follow-up itself: leave it out with --ignore {column.name}")


def _says(column: Column, event: NDArray[np.bool_]) -> bool:
    """Whether two values of a column tell exactly who had the event."""
    if isinstance(column, NumberColumn) and np.isnan(column.values).any():
        return False
    found, place = np.unique(column.values, return_inverse=True)
    if len(found) != 2 or len(event) < _LEAST_ROWS_TO_COMPARE:
        return False
    return bool((place == event).all() or (place != event).all())


def _orders_as(values: NDArray[np.float64], time_days: NDArray[np.float64]) -> bool:
    """Whether numbers put patients into the order of their times, or into the opposite one."""
    known = np.isfinite(values)
    values, times = values[known], time_days[known]
    if len(np.unique(values)) < _LEAST_ROWS_TO_COMPARE or len(np.unique(times)) < _LEAST_ROWS_TO_COMPARE:
        return False
    ranks, of_times = (np.unique(each, return_inverse=True)[1] for each in (values, times))
    return abs(float(np.corrcoef(ranks, of_times)[0, 1])) > _SAME_ORDER


def _role_notes(table: CsvTable, ignore: Collection[str]) -> list[str]:
    notes = []
    if any(table.column("group")):
        notes.append("Column group is used to match folds, not as a covariate.")
    others = [
        name
        for name in table.header
        if not is_covariate(name, table.columns)
        and name not in ("patient_id", "annotation_id", "event", "group", "split", *TIME_COLUMNS)
    ]
    if others:
        notes.append(f"Not taken as covariates: {', '.join(others)}.")
    if ignore:
        notes.append(f"Ignored as asked: {', '.join(ignore)}.")
    return notes
