"""How much of a feature the conventional measures tell already."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

CORRELATED = 0.25
"""Squared correlation from which a feature counts as correlated with a measure; the paper gives no rule."""
_LEAST_PATIENTS = 3


def average_measures(measures: Matrix, patient: NDArray[np.int64]) -> Matrix:
    """(n, m) measures of annotations -> (patients, m) means over those that could be had; NaN where none could."""
    patients = int(patient.max()) + 1
    known = np.isfinite(measures)
    total = np.zeros((patients, measures.shape[1]))
    counted = np.zeros_like(total)
    np.add.at(total, patient, np.where(known, measures, 0.0))
    np.add.at(counted, patient, known)
    return np.divide(total, counted, out=np.full_like(total, np.nan), where=counted > 0)


def squared_correlations(features: Matrix, measures: Matrix) -> Matrix:
    """Squared Pearson correlation of each feature with each measure.

    Args:
        features: (n, k), a row a patient.
        measures: (n, m); NaN where one could not be had: such a patient is left out for that measure.

    Returns:
        (k, m); NaN where fewer than three patients are left or one of the two is the same in all.
    """
    squared = np.full((features.shape[1], measures.shape[1]), np.nan)
    for number, measure in enumerate(measures.T):
        known = np.isfinite(measure)
        if known.sum() < _LEAST_PATIENTS or np.ptp(measure[known]) == 0:
            continue
        varies = np.ptp(features[known], axis=0) > 0
        x = features[known][:, varies] - features[known][:, varies].mean(axis=0)
        y = measure[known] - measure[known].mean()
        squared[varies, number] = (y @ x) ** 2 / ((y @ y) * (x**2).sum(axis=0))
    return squared


def tlg_among(names: Sequence[str]) -> str:
    """The measure of total lesion glycolysis, by the whole contour where there are several; '' where there is none."""
    found = [name for name in names if name.startswith("tlg")]
    return next((name for name in found if "contour" in name), found[0] if found else "")
