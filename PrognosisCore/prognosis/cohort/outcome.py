"""What a table says of time and event, and whether that can be."""

import statistics
from collections.abc import Sequence

from prognosis.cohort.cells import EMPTY, ZeroTimes, read_event, read_time
from prognosis.cohort.contract import DAYS_PER_MONTH, TIME_COLUMNS
from prognosis.cohort.csv_table import CsvTable, require_columns
from prognosis.cohort.faults import Faults
from prognosis.errors import InputError

_MONTHS_AT_MOST = 240
_MONTHS_MEDIAN_BELOW = 120
_DAYS_LOOK_FROM = 600
_FEW_EVENTS = 10

Outcome = tuple[float, bool]


def time_column(table: CsvTable, *, required: bool = True) -> str | None:
    """The column that holds times, whose name says their unit.

    Raises:
        InputError: There are two, or none although one is required.
    """
    found = [name for name in TIME_COLUMNS if name in table.columns]
    if len(found) == 2 or (required and not found):
        raise InputError(
            f"{table.path} needs exactly one of the columns {' and '.join(TIME_COLUMNS)}, it has {len(found)}.",
            remedy=f"It has: {', '.join(table.header[:50])}. The name says the unit.",
        )
    return found[0] if found else None


def read_outcomes(
    table: CsvTable, faults: Faults, *, zero_times: ZeroTimes, required: bool = True
) -> tuple[list[Outcome | None], list[str]]:
    """Read time and event of every row.

    Args:
        table: The table.
        faults: Where cells that cannot be read are listed.
        zero_times: Whether a time of zero is a fault; it is none where no outcome is required.
        required: Whether every row must have an outcome; otherwise a row has one where both cells are filled.

    Returns:
        Days and event of each row, None where there are none, and what looks odd about the times, in words.

    Raises:
        InputError: A column is missing.
    """
    name = time_column(table, required=required)
    if required:
        require_columns(table, ["event"])
    accepted: ZeroTimes = zero_times if required else "keep"
    outcomes: list[Outcome | None] = []
    times: list[float] = []
    cells = zip(table.rows, table.column(name or TIME_COLUMNS[0]), table.column("event"), strict=True)
    for row, time_text, event_text in cells:
        if not required and (time_text in EMPTY or event_text in EMPTY):
            outcomes.append(None)
            continue
        time = faults.read(row, str(name), time_text, lambda text: read_time(text, accepted))
        event = faults.read(row, "event", event_text, read_event)
        times += [time] if time is not None else []
        in_days = DAYS_PER_MONTH if name == "time_months" else 1.0
        outcomes.append(None if time is None or event is None else (time * in_days, event))
    return outcomes, _time_notes(name, times)


def check_events(events: int, faults: Faults, *, least: int = 1) -> list[str]:
    """Refuse a table with fewer events than `least`; say so when there are few.

    Args:
        events: Patients whose event was seen.
        faults: Where too few are listed.
        least: 1 or 2.
    """
    if events == 0:
        faults.table("no patient has an event (all are censored), so that nothing can be learnt or judged")
    elif events < least:
        faults.table("a single patient has an event, so that nothing can be learnt or judged")
    elif events < _FEW_EVENTS:
        return [f"Only {events} patient(s) with an event: estimates will be very uncertain."]
    return []


def _time_notes(name: str | None, times: Sequence[float]) -> list[str]:
    if not times:
        return []
    notes = []
    if zeros := sum(time == 0 for time in times):
        notes.append(f"{zeros} row(s) with a time of zero are kept.")
    if name == "time_days" and max(times) <= _MONTHS_AT_MOST and statistics.median(times) < _MONTHS_MEDIAN_BELOW:
        notes.append(
            f"All time_days are at most {max(times):g}, their median is {statistics.median(times):g}: "
            "if they are months, name the column time_months."
        )
    if name == "time_months" and max(times) > _DAYS_LOOK_FROM:
        notes.append(f"time_months reach {max(times):g}: if they are days, name the column time_days.")
    return notes
