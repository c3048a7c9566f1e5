"""Features beside outcomes: which row is whose, and what each patient's label is at a horizon."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.biomarkers.endpoints import Endpoint
from prognosis.cohort.cells import quoted
from prognosis.cohort.faults import Faults
from prognosis.cohort.table import CohortRow
from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.horizon import HorizonEndpoint, horizon_endpoint

CENSORED, DISEASE, OTHER_CAUSE, UNKNOWN_CAUSE = range(4)
"""Values of `SelectionData.cause`."""
_DISEASE_WORD = "disease"
_CAUSES_LISTED = 5

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class SelectionData:
    """Outcomes of rows of features, a row a patient annotation.

    Args:
        time_days: (n,) follow-up of the row's patient.
        event: (n,) whether the patient was seen to die.
        cause: (n,) `CENSORED`, `DISEASE`, `OTHER_CAUSE` or `UNKNOWN_CAUSE`; None where no cause is known of anybody.
        patient: (n,) whose row it is, 0 to patients - 1.
        cause_missing: Why `cause` is None, in words.
    """

    time_days: NDArray[np.float64]
    event: NDArray[np.bool_]
    cause: Integers | None
    patient: Integers
    cause_missing: str = ""

    def __len__(self) -> int:
        return len(self.patient)

    @property
    def patients(self) -> int:
        return int(self.patient.max()) + 1 if len(self.patient) else 0

    @property
    def first(self) -> Integers:
        """(patients,) a row of each patient."""
        return np.unique(self.patient, return_index=True)[1]

    @property
    def weight(self) -> NDArray[np.float64]:
        """(n,) 1 over the annotations of the row's patient."""
        return 1.0 / np.bincount(self.patient)[self.patient]

    def subset(self, rows: ArrayLike) -> "SelectionData":
        """Some rows, their patients numbered anew in the same order.

        Args:
            rows: Indices of rows, or (n,) booleans.
        """
        taken: Integers = np.arange(len(self))[np.asarray(rows)]
        patient = np.unique(self.patient[taken], return_inverse=True)[1]
        cause = None if self.cause is None else self.cause[taken]
        return replace(self, time_days=self.time_days[taken], event=self.event[taken], cause=cause, patient=patient)


@dataclass(frozen=True)
class Outcomes:
    """What a cohort table says of rows of features.

    Args:
        rows: (n,) the rows of the features that have an outcome.
        data: Their outcomes.
        notes: What was left out or looks odd, in words.
    """

    rows: Integers
    data: SelectionData
    notes: tuple[str, ...]


def join_outcomes(
    patient_ids: Sequence[str],
    annotation_ids: Sequence[str],
    cohort: Sequence[CohortRow],
    *,
    table: Path,
    disease_cause: str = "1",
) -> Outcomes:
    """Find the outcome of each row of features.

    Args:
        patient_ids: Of the features' rows.
        annotation_ids: Likewise.
        cohort: Rows of the cohort table.
        table: The cohort table's file, for messages.
        disease_cause: Text of the column `cause` that means the disease; 'disease' always does.

    Raises:
        InputError: A row of the cohort table has no features or no outcome, or two rows of features are of the same
            patient and annotation.
    """
    faults = Faults()
    place: dict[tuple[str, str], int] = {}
    for number, key in enumerate(zip(patient_ids, annotation_ids, strict=True)):
        if place.setdefault(key, number) != number:
            faults.table(
                f"entries {place[key] + 1} and {number + 1} of the features are the same patient and annotation"
            )
    of_row: dict[int, CohortRow] = {}
    for row in cohort:
        found = place.get((row.patient_id, row.annotation_id))
        if found is None:
            faults.rows(f"row {row.number} has no features: extract them, or take the row out", row.number)
        elif not row.has_outcome:
            faults.rows(f"row {row.number} has no time and event", row.number)
        else:
            of_row[found] = row
    if not cohort:
        faults.table("it has no rows")
    faults.refuse(table)
    rows = np.array(sorted(of_row), np.int64)
    matched = [of_row[int(number)] for number in rows]
    notes = []
    if extra := len(patient_ids) - len(rows):
        notes.append(f"{extra} row(s) of features have no row in the cohort table and are left out.")
    cause, missing = _causes(matched, disease_cause)
    if cause is not None and (unknown := int((cause == UNKNOWN_CAUSE).sum())):
        notes.append(
            f"{unknown} row(s) with an event have no cause: they are left out of disease-specific endpoints whose "
            "horizon lies after the event."
        )
    ids = [row.patient_id for row in matched]
    number_of = {patient_id: number for number, patient_id in enumerate(dict.fromkeys(ids))}
    data = SelectionData(
        time_days=np.array([row.time_days for row in matched]),
        event=np.array([row.event for row in matched], np.bool_),
        cause=cause,
        patient=np.array([number_of[patient_id] for patient_id in ids], np.int64),
        cause_missing=missing,
    )
    return Outcomes(rows, data, tuple(notes))


def label_endpoint(data: SelectionData, endpoint: Endpoint, censoring: Censoring | None = None) -> HorizonEndpoint:
    """Label each row at an endpoint's horizon; counts are of patients, not of their annotations.

    A patient who died of a cause that is not known has weight 0 at a disease-specific endpoint and is counted with
    those who met another cause.

    Args:
        data: Outcomes.
        endpoint: Which endpoint.
        censoring: Of the training patients; of these very patients by default.

    Raises:
        ValueError: The endpoint is disease-specific and no cause is known, or the horizon lies after all follow-up.
    """
    if endpoint.disease_specific and data.cause is None:
        raise ValueError(data.cause_missing or "no cause of death is known")
    first = data.first
    met = data.cause[first] if endpoint.disease_specific and data.cause is not None else data.event[first]
    cause = DISEASE if endpoint.disease_specific else None
    known = horizon_endpoint(data.time_days[first], met, endpoint.horizon_days, cause=cause, censoring=censoring)
    weight = known.weight
    if endpoint.disease_specific:
        unknown = (met == UNKNOWN_CAUSE) & (data.time_days[first] <= endpoint.horizon_days)
        weight = np.where(unknown, 0.0, weight)
    whose = data.patient
    return replace(known, label=known.label[whose], complete=known.complete[whose], weight=weight[whose])


def label_endpoints(
    data: SelectionData, endpoints: Sequence[Endpoint], *, least_patients: int
) -> tuple[dict[str, HorizonEndpoint], dict[str, str]]:
    """Label all endpoints that can be had.

    Args:
        data: Outcomes.
        endpoints: Wanted.
        least_patients: Patients needed with the event, and without.

    Returns:
        Key -> labels of the endpoints that can be had, and key -> why not of the others.
    """
    labels: dict[str, HorizonEndpoint] = {}
    left_out: dict[str, str] = {}
    for endpoint in endpoints:
        if endpoint.disease_specific and data.cause is None:
            left_out[endpoint.key] = data.cause_missing or "no cause of death is known"
            continue
        if not (data.time_days >= endpoint.horizon_days).any():
            left_out[endpoint.key] = "nobody was followed to the horizon"
            continue
        known = label_endpoint(data, endpoint)
        if min(known.events, known.event_free) < least_patients:
            left_out[endpoint.key] = (
                f"{known.events} patient(s) with the event and {known.event_free} without; "
                f"at least {least_patients} of each are needed"
            )
            continue
        labels[endpoint.key] = known
    return labels, left_out


def _causes(rows: Sequence[CohortRow], disease_cause: str) -> tuple[Integers | None, str]:
    """Cause of each row, or None and why."""
    disease = {disease_cause.strip().casefold(), _DISEASE_WORD}
    told = sorted({row.cause for row in rows if row.event and row.cause})
    if not told:
        return None, "the cohort table tells no cause of death (column cause)"
    if not any(cause.casefold() in disease for cause in told):
        listed = ", ".join(quoted(cause) for cause in told[:_CAUSES_LISTED])
        return None, f"no cause of death is {quoted(disease_cause)} or '{_DISEASE_WORD}'; the table has {listed}"
    return np.array([_cause(row, disease) for row in rows], np.int64), ""


def _cause(row: CohortRow, disease: set[str]) -> int:
    if not row.event:
        return CENSORED
    if not row.cause:
        return UNKNOWN_CAUSE
    return DISEASE if row.cause.casefold() in disease else OTHER_CAUSE
