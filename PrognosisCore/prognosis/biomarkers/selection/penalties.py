"""How strong the LASSO's penalty is: as told, or by cross-validation over patients."""

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.selection.lasso import largest_penalty, lasso_path
from prognosis.biomarkers.selection.options import SelectionOptions
from prognosis.biomarkers.selection.standardising import Features
from prognosis.survival.folds import patient_folds

FRACTIONS = tuple(float(fraction) for fraction in np.geomspace(0.95, 0.05, 18))
"""Penalties tried, as fractions of the smallest that leaves no feature."""
_SMALLER, _LARGER = 0.8, 1.25
_PATH_TOLERANCE = 1e-4


def other_fractions(fraction: float) -> tuple[float, float]:
    """Two penalties whose choice is compared: a smaller and a larger one, or two smaller where a larger leaves none."""
    factors = (_SMALLER, _LARGER) if _LARGER * fraction < 1 else (_SMALLER**2, _SMALLER)
    return factors[0] * fraction, factors[1] * fraction


def find_fraction(
    x: Features, label: NDArray[np.bool_], complete: NDArray[np.bool_], options: SelectionOptions, *, seed: int
) -> tuple[float, str]:
    """The penalty as a fraction of the smallest that leaves no feature, and how it was found, in words.

    By cross-validation it is the one of `FRACTIONS` with the least log loss over folds of patients matched on the
    label, the larger of two alike.

    Args:
        x: (n, k) standardised features, a row a patient.
        label: (n,) who had the event.
        complete: (n,) who takes part.
        options: A fraction, or the number of folds.
        seed: Of the folds.

    Raises:
        InputError: No complete case has the event, or all have.
        ValueError: Fewer patients have the event, or have it not, than there are folds.
    """
    if options.penalty_fraction is not None:
        return options.penalty_fraction, "chosen beforehand"
    rows = np.flatnonzero(complete)
    outcome = label[rows]
    if min(outcome.sum(), (~outcome).sum()) < options.inner_folds:
        msg = f"{options.inner_folds} folds need as many patients with and without the event"
        raise ValueError(msg)
    fold = patient_folds(np.zeros(len(rows)), outcome, outcome, folds=options.inner_folds, seed=seed)
    penalties = [fraction * largest_penalty(x, label & complete, complete.astype(np.float64)) for fraction in FRACTIONS]
    loss = np.zeros(len(penalties))
    for left_out in range(options.inner_folds):
        training = np.zeros(len(label))
        training[rows[fold != left_out]] = 1.0
        held = rows[fold == left_out]
        for number, fit in enumerate(
            lasso_path(x, label & complete, penalties, weight=training, tolerance=_PATH_TOLERANCE)
        ):
            odds = fit.intercept + x[np.ix_(held, fit.indices)].astype(np.float64) @ fit.coefficients
            loss[number] += np.logaddexp(0.0, np.where(label[held], -odds, odds)).sum()
    best = int(np.argmin(loss))
    how = f"{options.inner_folds}-fold cross-validation"
    end = {0: ", the largest tried", len(FRACTIONS) - 1: ", the smallest tried"}.get(best, "")
    return FRACTIONS[best], how + end
