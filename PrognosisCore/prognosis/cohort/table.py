"""The cohort table: one row per patient annotation."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from prognosis.cohort.agreement import check_agreement
from prognosis.cohort.cells import EMPTY, ZeroTimes, quoted, read_id
from prognosis.cohort.contract import SERIES_COLUMNS
from prognosis.cohort.covariate_dates import check_dates
from prognosis.cohort.csv_table import CsvTable, read_csv_table, require_columns
from prognosis.cohort.faults import Faults
from prognosis.cohort.outcome import Outcome, check_events, read_outcomes

Tell = Callable[[str], None]


@dataclass(frozen=True)
class CohortRow:
    """One annotation of one patient.

    Args:
        number: Line of the table, the header being line 1.
        patient_id: Same for all annotations of a patient.
        annotation_id: Tells annotations of a patient apart.
        time_days: Follow-up from the image, in days; NaN where the outcome is unknown.
        event: Whether the event was seen at that time.
        group: Treatment group, '' where the table has none.
        files: Column -> file or folder, for the columns a method reads.
        series: Column of `files` -> which series of that folder is meant, where the table says so.
        cause: Cause of the event, '' where the table has none.
        site: Where the patient was treated, '' where the table has none.
        image_date: When the image was taken, where the table says so.
    """

    number: int
    patient_id: str
    annotation_id: str
    time_days: float
    event: bool
    group: str
    files: Mapping[str, Path]
    series: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""
    site: str = ""
    image_date: date | None = None

    @property
    def has_outcome(self) -> bool:
        return math.isfinite(self.time_days)


@dataclass(frozen=True)
class Reading:
    """How a cohort table is read.

    Args:
        file_columns: Columns that hold paths; every row must name one.
        optional_file_columns: Columns of paths that may be missing or empty.
        outcome_required: Whether every row must have time and event, as for training and evaluation.
        files_must_exist: Whether a path that leads nowhere is a fault; otherwise it is left to the case itself.
        zero_times: 'keep' accepts times of zero.
    """

    file_columns: Sequence[str] = ()
    optional_file_columns: Sequence[str] = ()
    outcome_required: bool = True
    files_must_exist: bool = True
    zero_times: ZeroTimes = "refuse"


def untold(note: str) -> None:
    """Tell nobody."""


def read_cohort(
    table: Path,
    *,
    file_columns: Sequence[str],
    optional_file_columns: Sequence[str] = (),
    outcome_required: bool = True,
    files_must_exist: bool = True,
    zero_times: ZeroTimes = "refuse",
    tell: Tell = untold,
) -> list[CohortRow]:
    """Read a cohort table whose paths are relative to it.

    Args:
        table: A CSV with `patient_id`, `event`, `time_days` or `time_months`, and the columns named next.
        file_columns: Columns that hold paths; every row must name one.
        optional_file_columns: Columns of paths that may be missing or empty; `files` has them where they are filled.
        outcome_required: Whether every row must have time and event, as for training and evaluation.
        files_must_exist: Whether a path that leads nowhere is a fault; otherwise it is left to the case itself.
        zero_times: 'keep' accepts times of zero.
        tell: Called with what is odd about the table but no fault, in words.

    Raises:
        InputError: Anything is wrong; all bad rows are listed and nothing is dropped.
    """
    faults = Faults()
    reading = Reading(file_columns, optional_file_columns, outcome_required, files_must_exist, zero_times)
    rows, notes = cohort_rows(read_csv_table(table, faults), reading, faults)
    faults.refuse(table)
    for note in notes:
        tell(note)
    return rows


def cohort_rows(table: CsvTable, reading: Reading, faults: Faults) -> tuple[list[CohortRow], list[str]]:
    """Read the rows of a table, listing what is wrong instead of raising it.

    Returns:
        The rows without a fault of their own, and what is odd, in words.

    Raises:
        InputError: A column is missing.
    """
    require_columns(table, ["patient_id", *reading.file_columns])
    outcomes, notes = read_outcomes(table, faults, zero_times=reading.zero_times, required=reading.outcome_required)
    image_dates = check_dates(table, faults)
    read = (_read_row(table, at, outcomes[at], image_dates[at], reading, faults) for at in range(len(table.rows)))
    rows = [row for row in read if row is not None]
    check_agreement(rows, faults)
    if reading.outcome_required and not len(faults):
        notes += check_events(len({row.patient_id for row in rows if row.event}), faults)
    uncaused = sum(row.event and not row.cause for row in rows)
    if "cause" in table.columns and uncaused:
        notes.append(f"{uncaused} event(s) have no cause.")
    return rows, notes


def _read_row(
    table: CsvTable, at: int, outcome: Outcome | None, image_date: date | None, reading: Reading, faults: Faults
) -> CohortRow | None:
    number = table.rows[at]

    def cell(column: str) -> str:
        return table.cell(column, at)

    found_before = len(faults)
    patient_id = faults.read(number, "patient_id", cell("patient_id"), read_id)
    files = {}
    for column in (*reading.file_columns, *reading.optional_file_columns):
        if column in reading.file_columns or cell(column):
            files[column] = faults.read(
                number, column, cell(column), lambda text: _read_path(table.path, text, reading)
            )
    time, event = outcome or (math.nan, False)
    cause = _read_cause(number, cell("cause"), outcome, faults)
    if len(faults) > found_before or patient_id is None or (outcome is None and reading.outcome_required):
        return None
    return CohortRow(
        number=number,
        patient_id=patient_id,
        annotation_id=cell("annotation_id"),
        time_days=time,
        event=event,
        group=cell("group"),
        files={column: path for column, path in files.items() if path is not None},
        series={column: cell(name) for column, name in SERIES_COLUMNS.items() if column in files and cell(name)},
        cause=cause,
        site=cell("site"),
        image_date=image_date,
    )


def _read_path(table: Path, text: str, reading: Reading) -> Path:
    path = table.parent / read_id(text)
    if not reading.files_must_exist:
        return path
    try:
        found = path.exists()
    except OSError as error:
        raise ValueError(f"no path: {error.strerror}") from error
    if not found:
        raise ValueError(f"there is no file {path}")
    return path


def _read_cause(row: int, text: str, outcome: Outcome | None, faults: Faults) -> str:
    """The cause of an event; '0' stands for none, as where the patient was censored."""
    cause = "" if text in EMPTY else text
    if outcome is not None and cause:
        _, event = outcome
        if event and cause == "0":
            faults.cell(row, "cause", "the event was seen, but its cause is 0 (censored)")
        elif not event and cause != "0":
            faults.cell(row, "cause", f"a cause {quoted(cause)} is given, but the event was not seen")
    return "" if cause == "0" else cause
