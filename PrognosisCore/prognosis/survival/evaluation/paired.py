"""Comparing two models on the same patients: differences, their intervals, and p-values from the same resamples."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.multitest import multipletests

from prognosis.survival.estimate import with_interval
from prognosis.survival.evaluation.study_results import Comparison


def compare_paired(
    metric: str, model: str, against: str, difference: float, first: ArrayLike, second: ArrayLike
) -> Comparison:
    """Compare one metric of two models that were resampled with the same draws of the same patients.

    Args:
        metric: Such as 'c_index'.
        model: Key of the first model.
        against: Key of the second.
        difference: First minus second, in all patients.
        first: (b,) the metric of the first model in each resample; NaN where it could not be had.
        second: (b,) the same of the second.

    Returns:
        The comparison, its p-value as if it were the only one; see `adjust_for_many`.

    Raises:
        ValueError: The models were not resampled equally often.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.ndim != 1 or first.shape != second.shape:
        msg = f"a paired comparison needs the same resamples of both models, got shapes {first.shape}, {second.shape}"
        raise ValueError(msg)
    resampled = first - second
    return Comparison(metric, model, against, with_interval(difference, resampled), bootstrap_p_value(resampled), None)


def adjust_for_many(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Leave the first comparison, the contrast declared beforehand, as it is and adjust all others as one family."""
    primary, others = tuple(comparisons[:1]), tuple(comparisons[1:])
    adjusted = holm([comparison.p_value for comparison in others])
    return primary + tuple(replace(one, p_adjusted=float(p)) for one, p in zip(others, adjusted, strict=True))


def bootstrap_p_value(differences: ArrayLike) -> float:
    """Two-sided p-value of 'no difference': twice the share of resamples on the rarer side of zero.

    The share is (k + 1) / (B + 1), k of B resamples lying at or beyond zero, so that no number of resamples claims a
    thing to be impossible (Davison and Hinkley, Bootstrap Methods, 1997, section 4.2). It is small just where the
    percentile interval leaves zero out.

    Args:
        differences: (b,) of each resample; NaN ones are left out.

    Returns:
        Above 0 and at most 1; NaN where no resample has a difference.
    """
    differences = np.asarray(differences, float)
    known = differences[np.isfinite(differences)]
    if not len(known):
        return float("nan")
    rarer = min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0))
    return float(min(1.0, 2 * (rarer + 1) / (len(known) + 1)))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust the p-values of one family by Holm's step-down method.

    Holm, Scandinavian Journal of Statistics 1979, 6:65-70.

    Args:
        p_values: (m,) each 0 to 1; NaN stays NaN and does not count.

    Returns:
        (m,) adjusted, in the same order.
    """
    given = np.asarray(p_values, float)
    adjusted = np.full(given.shape, np.nan)
    known = np.isfinite(given)
    if known.any():
        adjusted[known] = multipletests(given[known], method="holm")[1]
    return adjusted
