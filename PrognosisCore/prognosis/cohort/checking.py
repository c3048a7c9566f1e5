"""Whether a table can be used, without computing anything from it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prognosis.cohort.cells import EMPTY, ZeroTimes, is_number
from prognosis.cohort.contract import FILE_COLUMNS, FILES_NEEDED, Purpose, is_covariate
from prognosis.cohort.csv_table import CsvTable, read_csv_table
from prognosis.cohort.faults import Faults
from prognosis.cohort.survival_table import survival_table_of
from prognosis.cohort.table import CohortRow, Reading, cohort_rows
from prognosis.errors import InputError, PrognosisError
from prognosis.imaging.lesion_choice import ALL_LESIONS, LesionChoice
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume
from prognosis.progress import Progress, silent

# What is read together when files are looked into: an image and what was drawn on it.
_DRAWN_ON = {"image": "lesions", "ct": "tumour", "pet": "tumour", "followup_image": "followup_lesions"}


@dataclass(frozen=True)
class CheckedColumn:
    """A column of the table.

    Args:
        name: Its heading.
        kind: 'contract', 'file', 'number' or 'category'.
        missing: Empty cells.
    """

    name: str
    kind: str
    missing: int


@dataclass(frozen=True)
class CheckedTable:
    """What a table holds and what is wrong with it.

    Args:
        rows: Number of rows.
        patients: Number of different patients.
        events: Patients whose event was seen, None where no row has an outcome.
        follow_up_days: Shortest, median and longest, None where no row has an outcome.
        columns: All columns, in the table's order.
        faults: All that keeps the table from being used, in words.
        notes: What is odd but no fault, in words.
    """

    rows: int
    patients: int
    events: int | None
    follow_up_days: tuple[float, float, float] | None
    columns: tuple[CheckedColumn, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def check_cohort(
    path: Path,
    purpose: Purpose | None = None,
    *,
    outcome_required: bool = True,
    zero_times: ZeroTimes = "refuse",
    deep: bool = False,
    choice: LesionChoice = ALL_LESIONS,
    progress: Progress = silent,
) -> CheckedTable:
    """Read a table as the methods do and list all that is wrong with it.

    Args:
        path: The table.
        purpose: What it is meant for, which tells the columns needed; None checks those there are.
        outcome_required: Whether every row must have time and event.
        zero_times: 'keep' accepts times of zero.
        deep: Whether every image, and the segmentation drawn on it, is read too.
        choice: Which segments are meant when those are read.
        progress: Told how many rows were looked into.

    Raises:
        InputError: The file is no table, or a column that is needed is missing.
    """
    faults = Faults()
    table = read_csv_table(path, faults)
    needed = FILES_NEEDED[purpose] if purpose else ()
    others = [name for name in FILE_COLUMNS if name in table.columns and name not in needed]
    reading = Reading(
        file_columns=needed,
        optional_file_columns=() if purpose is Purpose.SURVIVAL else others,
        outcome_required=outcome_required,
        zero_times=zero_times,
    )
    if purpose is Purpose.SURVIVAL:
        notes = list(survival_table_of(table, faults, zero_times=zero_times).notes)
        rows, _ = cohort_rows(table, reading, Faults())
    else:
        rows, notes = cohort_rows(table, reading, faults)
    if deep:
        _look_into(rows, choice, faults, progress)
    first = {row.patient_id: row for row in reversed(rows) if row.has_outcome}
    days = [row.time_days for row in first.values()]
    return CheckedTable(
        rows=len(table.rows),
        patients=len({*table.column("patient_id")} - {""}),
        events=sum(row.event for row in first.values()) if first else None,
        follow_up_days=(min(days), statistics.median(days), max(days)) if days else None,
        columns=tuple(_column(table, name) for name in table.columns),
        faults=faults.listed(),
        notes=tuple(notes),
    )


def _column(table: CsvTable, name: str) -> CheckedColumn:
    cells = table.column(name)
    filled = [cell for cell in cells if cell not in EMPTY]
    if name in FILE_COLUMNS:
        kind = "file"
    elif not is_covariate(name, table.columns):
        kind = "contract"
    else:
        kind = "number" if filled and all(is_number(cell) for cell in filled) else "category"
    return CheckedColumn(name, kind, len(cells) - len(filled))


def _look_into(rows: Sequence[CohortRow], choice: LesionChoice, faults: Faults, progress: Progress) -> None:
    """Read each row's images and what was drawn on them, as scoring would."""
    for number, row in enumerate(rows, start=1):
        for image_column, drawn_column in _DRAWN_ON.items():
            if image_column not in row.files:
                continue
            try:
                image = read_volume(row.files[image_column], series=row.series.get(image_column))
            except PrognosisError as error:
                faults.cell(row.number, image_column, str(error))
                continue
            try:
                if drawn_column in row.files:
                    read_lesions(row.files[drawn_column], image, choice)
            except InputError as error:
                faults.cell(row.number, drawn_column, str(error))
        progress("reading images", number, len(rows))
