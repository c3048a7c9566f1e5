"""Ridge logistic regression for an event by a horizon."""

from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

from prognosis.survival.folds import patient_folds
from prognosis.survival.models.logistic_model import LogisticModel, checked_design, events_per_feature

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

PENALTIES = tuple(float(10 ** (half / 2)) for half in range(8, -5, -1))
"""10,000 to 0.01 in half powers of ten."""

_FOLDS = 5


def fit_ridge_logistic(
    x: Matrix, label: ArrayLike, *, penalty: float | None = None, weight: ArrayLike | None = None, seed: int = 0
) -> LogisticModel:
    """Maximise the log likelihood less penalty / 2 |coefficients|^2; the intercept is free.

    Args:
        x: (n, p) encoded covariates.
        label: (n,) 1 where the event was seen.
        penalty: Above zero; by default the one of `PENALTIES` with the largest cross-validated log likelihood over five
            folds of patients.
        weight: (n,) of each patient, such as `HorizonEndpoint.weight`; patients of weight 0 are left out.
        seed: Seed of the folds.

    Raises:
        ValueError: Shapes do not fit, a number is not finite, or an outcome is rarer than there are folds.
    """
    x, label, weight = checked_design(x, label, weight)
    if penalty is None:
        penalty = _cross_validated(x, label, weight, seed)
    coefficients, intercept = _ridge(x, label, weight, penalty)
    return LogisticModel(coefficients, intercept, events_per_feature(x, label), penalty)


def _cross_validated(x: Matrix, label: NDArray[np.bool_], weight: Vector, seed: int) -> float:
    if min(label.sum(), (~label).sum()) < _FOLDS:
        msg = f"choosing a penalty over {_FOLDS} folds needs as many patients with the event and as many without"
        raise ValueError(msg)
    fold = patient_folds(np.zeros(len(label)), label, np.zeros(len(label)), folds=_FOLDS, seed=seed)
    likelihood = dict.fromkeys(PENALTIES, 0.0)
    for number in range(_FOLDS):
        inside = fold != number
        fit = partial(_ridge, x[inside], label[inside], weight[inside])
        for penalty in PENALTIES:
            coefficients, intercept = fit(penalty)
            eta = x[~inside] @ coefficients + intercept
            likelihood[penalty] += float(weight[~inside] @ (label[~inside] * eta - np.logaddexp(0, eta)))
    return max(likelihood, key=lambda penalty: likelihood[penalty])


def _ridge(x: Matrix, label: NDArray[np.bool_], weight: Vector, penalty: float) -> tuple[Vector, float]:
    model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-8, max_iter=1000)
    model.fit(x, label, sample_weight=weight)
    return model.coef_[0], float(model.intercept_[0])
