"""The cohort table: one row per patient annotation."""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prognosis.errors import InputError

DAYS_PER_MONTH = 365.25 / 12
_MOST_LISTED = 20


@dataclass(frozen=True)
class CohortRow:
    """One annotation of one patient.

    Args:
        number: Line of the table, the header being line 1.
        patient_id: Same for all annotations of a patient.
        annotation_id: Tells annotations of a patient apart.
        time_days: Follow-up from the image, in days.
        event: Whether the event was seen at that time.
        group: Treatment group, '' where the table has none.
        files: Column -> existing file or folder, for the columns a method reads.
    """

    number: int
    patient_id: str
    annotation_id: str
    time_days: float
    event: bool
    group: str
    files: Mapping[str, Path]


def read_cohort(table: Path, *, file_columns: Sequence[str]) -> list[CohortRow]:
    """Read a cohort table whose paths are relative to it.

    Args:
        table: A CSV with `patient_id`, `event`, `time_days` or `time_months`, and the columns named next.
        file_columns: Columns that hold paths.

    Raises:
        InputError: Anything is wrong; all bad rows are listed and nothing is dropped.
    """
    header, records = _read_csv(table)
    unit = _time_column(table, header)
    missing = [name for name in ("patient_id", "event", *file_columns) if name not in header]
    if missing:
        raise InputError(
            f"{table} has no column {', '.join(missing)}.",
            remedy=f"It has: {', '.join(header)}. Rename or add columns.",
        )
    faults: list[str] = []
    rows = []
    for number, record in records:
        row = _read_row(table, number, record, unit, file_columns, faults)
        if row is not None:
            rows.append(row)
    faults += _disagreements(rows)
    if not records:
        faults.append("it has no rows")
    if faults:
        more = f" (and {len(faults) - _MOST_LISTED} more)" if len(faults) > _MOST_LISTED else ""
        raise InputError(
            f"{table} cannot be used: {'; '.join(faults[:_MOST_LISTED])}{more}.", remedy="Mend the rows named."
        )
    return rows


def _read_csv(table: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, strict=True)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            records = [(reader.line_num, record) for record in reader]
    except OSError as error:
        raise InputError(f"{table} cannot be read: {error.strerror}.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{table} is no comma-separated table in UTF-8: {error}.") from error
    if len(set(header)) != len(header):
        raise InputError(f"{table} names a column twice.", remedy="Rename one of them.")
    return header, records


def _time_column(table: Path, header: Sequence[str]) -> str:
    found = [name for name in ("time_days", "time_months") if name in header]
    if len(found) != 1:
        raise InputError(f"{table} needs exactly one of the columns time_days and time_months, it has {len(found)}.")
    return found[0]


def _read_row(
    table: Path,
    number: int,
    record: Mapping[str, str],
    time_column: str,
    file_columns: Sequence[str],
    faults: list[str],
) -> CohortRow | None:
    found_before = len(faults)

    def check(column: str, read: Callable[[str], object]) -> object:
        text = (record.get(column) or "").strip()
        try:
            return read(text)
        except ValueError as error:
            faults.append(f"row {number}, column {column}: {error}")
            return None

    patient_id = check("patient_id", _read_id)
    time = check(time_column, _read_time)
    event = check("event", _read_event)
    files = {column: check(column, lambda text: _read_path(table, text)) for column in file_columns}
    if None in record:
        faults.append(f"row {number} has more cells than the header")
    if len(faults) > found_before:
        return None
    assert isinstance(time, float)
    return CohortRow(
        number=number,
        patient_id=str(patient_id),
        annotation_id=(record.get("annotation_id") or "").strip(),
        time_days=time * (DAYS_PER_MONTH if time_column == "time_months" else 1.0),
        event=bool(event),
        group=(record.get("group") or "").strip(),
        files={column: Path(str(path)) for column, path in files.items()},
    )


def _read_id(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    return text


def _read_time(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"'{text}' is no number") from None
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"time must be above zero, got {text}")
    return value


def _read_event(text: str) -> bool:
    if text not in ("0", "1", "0.0", "1.0"):
        raise ValueError(f"event must be 0 or 1, got '{text}'")
    return text.startswith("1")


def _read_path(table: Path, text: str) -> Path:
    if not text:
        raise ValueError("it is empty")
    path = table.parent / text
    try:
        found = path.exists()
    except OSError as error:
        raise ValueError(f"no path: {error.strerror}") from error
    if not found:
        raise ValueError(f"there is no file {path}")
    return path


def _disagreements(rows: Sequence[CohortRow]) -> list[str]:
    first: dict[str, CohortRow] = {}
    seen: dict[tuple[str, str], int] = {}
    faults = []
    owner: dict[Path, CohortRow] = {}
    for row in rows:
        image = row.files.get("image")
        if image is not None:
            other = owner.setdefault(image.resolve(), row)
            if other.patient_id != row.patient_id:
                faults.append(f"rows {other.number} and {row.number} have one image under two patients")
        other = first.setdefault(row.patient_id.casefold(), row)
        if other.patient_id != row.patient_id:
            faults.append(f"rows {other.number} and {row.number} have patient ids that differ in case only")
            continue
        if (other.time_days, other.event, other.group) != (row.time_days, row.event, row.group):
            faults.append(f"rows {other.number} and {row.number} are of one patient and disagree on outcome or group")
        key = (row.patient_id, row.annotation_id)
        if key in seen:
            faults.append(f"rows {seen[key]} and {row.number} are the same patient and annotation")
        seen[key] = row.number
    return faults
