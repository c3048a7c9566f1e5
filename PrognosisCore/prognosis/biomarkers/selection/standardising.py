"""From features of annotations to a standardised matrix with a row a patient."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
_COLUMNS_AT_ONCE = 4096


@dataclass(frozen=True)
class Standardising:
    """Which features a model sees and how they are standardised, all of it estimated on training patients.

    Args:
        kept: (k,) indices of the features kept, increasing.
        mean: (k,) their mean over training patients.
        sd: (k,) their standard deviation (division by patients).
        rarely_active: Features left out because they are non-zero in too few patients.
        constant: Features left out because they are the same in all patients.
    """

    kept: NDArray[np.int64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    rarely_active: int
    constant: int

    def apply(self, features: Features) -> Features:
        """(n, p) features -> (n, k) standardised, in Fortran order: a feature's values lie side by side."""
        standardised = np.empty((len(features), len(self.kept)), np.float32, order="F")
        for part in column_parts(len(self.kept)):
            chosen = features[:, self.kept[part]].astype(np.float64)
            standardised[:, part] = (chosen - self.mean[part]) / self.sd[part]
        return standardised


def average_annotations(features: Features, patient: NDArray[np.int64]) -> Features:
    """Average the annotations of each patient, so that every patient counts once.

    Args:
        features: (n, p), a row an annotation.
        patient: (n,) whose row it is, 0 to patients - 1.

    Returns:
        (patients, p); the features themselves where each patient has one row, in order.
    """
    patients = int(patient.max()) + 1
    if patients == len(patient) and (patient == np.arange(patients)).all():
        return features
    share = np.zeros((patients, len(patient)))
    share[patient, np.arange(len(patient))] = (1.0 / np.bincount(patient))[patient]
    averaged = np.empty((patients, features.shape[1]), np.float32)
    for part in column_parts(features.shape[1]):
        averaged[:, part] = share @ features[:, part].astype(np.float64)
    return averaged


def fit_standardising(features: Features, *, least_active: float) -> Standardising:
    """Estimate mean and spread of each feature that is active in enough patients.

    Args:
        features: (n, p) of training patients, a row a patient; a unit is active where it is non-zero.
        least_active: Share of patients in whom a kept feature is active.
    """
    n, p = features.shape
    active = np.empty(p, np.int64)
    mean, sd = np.empty(p), np.empty(p)
    for part in column_parts(p):
        chosen = features[:, part].astype(np.float64)
        active[part] = np.count_nonzero(chosen, axis=0)
        mean[part] = chosen.mean(axis=0)
        sd[part] = np.where(np.ptp(chosen, axis=0) > 0, chosen.std(axis=0), 0.0)
    rare = active < least_active * n
    constant = ~rare & ~(sd > 0)
    kept = np.flatnonzero(~rare & ~constant)
    return Standardising(kept, mean[kept], sd[kept], int(rare.sum()), int(constant.sum()))


def column_parts(columns: int, at_once: int = _COLUMNS_AT_ONCE) -> Iterator[slice]:
    """Slices over columns, so that no copy of a whole matrix is made."""
    return (slice(start, min(start + at_once, columns)) for start in range(0, columns, at_once))
