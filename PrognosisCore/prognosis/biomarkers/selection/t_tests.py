"""Welch's t-test of every feature, between patients with and without an event.

Several annotations of a patient are averaged before anything is tested, so that each patient counts once.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from prognosis.biomarkers.selection.standardising import Features, column_parts

Vector = NDArray[np.float64]
_ROUNDING = 1e-28
"""A variance below this part of the mean square is the rounding of a mean."""


def welch_p_values(features: Features, label: NDArray[np.bool_], complete: NDArray[np.bool_]) -> Vector:
    """Two-sided p-value of Welch's t-test of each feature, with the Welch-Satterthwaite degrees of freedom.

    Args:
        features: (n, p), a row a patient.
        label: (n,) who had the event.
        complete: (n,) who takes part: the complete cases.

    Returns:
        (p,) p-values; NaN where a feature is the same in all who take part, 0 where it differs between the groups and
        in neither of them.

    Raises:
        ValueError: A group has fewer than two patients.
    """
    with_event, without = np.flatnonzero(complete & label), np.flatnonzero(complete & ~label)
    if min(len(with_event), len(without)) < 2:
        msg = f"a t-test needs two patients a group, got {len(with_event)} and {len(without)}"
        raise ValueError(msg)
    p_values = np.empty(features.shape[1])
    for part in column_parts(features.shape[1]):
        mean_1, variance_1 = _mean_and_its_variance(features[with_event, part])
        mean_0, variance_0 = _mean_and_its_variance(features[without, part])
        p_values[part] = _two_sided(mean_1 - mean_0, variance_1, variance_0, len(with_event) - 1, len(without) - 1)
    return p_values


def _mean_and_its_variance(features: Features) -> tuple[Vector, Vector]:
    """Mean of each column, and the square of the mean's standard error."""
    values = features.astype(np.float64)
    mean = values.mean(axis=0)
    variance = values.var(axis=0, ddof=1)
    variance[variance <= _ROUNDING * (values**2).mean(axis=0)] = 0.0
    mean = np.where(variance > 0, mean, values[0])
    return mean, variance / len(values)


def _two_sided(difference: Vector, variance_1: Vector, variance_0: Vector, free_1: int, free_0: int) -> Vector:
    both = variance_1 + variance_0
    varies = both > 0
    t = np.divide(np.abs(difference), np.sqrt(both), out=np.zeros_like(both), where=varies)
    free = np.divide(both**2, variance_1**2 / free_1 + variance_0**2 / free_0, out=np.ones_like(both), where=varies)
    return np.where(varies, 2.0 * stdtr(free, -t), np.where(difference == 0, np.nan, 0.0))
