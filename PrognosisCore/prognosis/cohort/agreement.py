"""Rows of a cohort table must not contradict each other."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from prognosis.cohort.faults import Faults

if TYPE_CHECKING:
    from prognosis.cohort.table import CohortRow

_PRIMARY_IMAGES = ("image", "ct", "pet", "photo")


def check_agreement(rows: Sequence["CohortRow"], faults: Faults) -> None:
    """List pairs of rows that are the same annotation, one image of two patients, or two tales of one patient."""
    first: dict[str, CohortRow] = {}
    seen: dict[tuple[str, str], int] = {}
    owner: dict[tuple[str, str], CohortRow] = {}
    for row in rows:
        for column in _PRIMARY_IMAGES:
            if column in row.files:
                image = os.path.realpath(row.files[column]), row.series.get(column, "")
                other = owner.setdefault(image, row)
                if other.patient_id != row.patient_id:
                    _pair(faults, other, row, "have one image under two patients")
                    break
        other = first.setdefault(row.patient_id.casefold(), row)
        if other.patient_id != row.patient_id:
            _pair(faults, other, row, "have patient ids that differ in case only")
            continue
        if differing := _differing(other, row):
            _pair(faults, other, row, f"are of one patient and disagree on {' and '.join(differing)}")
        key = row.patient_id, row.annotation_id
        if key in seen:
            faults.rows(f"rows {seen[key]} and {row.number} are the same patient and annotation", row.number)
        seen.setdefault(key, row.number)


def _differing(one: "CohortRow", other: "CohortRow") -> list[str]:
    """What two rows of a patient tell differently. Time runs from the image, so with an outcome its date counts too."""
    told: dict[str, tuple[object, object]] = {
        "group": (one.group, other.group),
        "site": (one.site, other.site),
        "cause": (one.cause, other.cause),
    }
    if one.has_outcome and other.has_outcome:
        told |= {"time": (one.time_days, other.time_days), "event": (one.event, other.event)}
        told |= {"image_date": (one.image_date, other.image_date)}
    return [name for name, (first, second) in told.items() if first != second]


def _pair(faults: Faults, one: "CohortRow", other: "CohortRow", problem: str) -> None:
    faults.rows(f"rows {one.number} and {other.number} {problem}", other.number)
