"""LASSO logistic regression of an endpoint on very many features.

Over coefficients b and an intercept a that is not penalised, it minimises

    sum_i w_i log(1 + exp(-y_i (x_i b + a))) / sum_i w_i + penalty |b|_1,    y = -1 or 1.

Features are taken as they come: standardise them once, on training patients. Among features that are identical on all
patients with weight the solution is not unique; the one with the lowest index gets the whole coefficient.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.biomarkers.selection.lasso_columns import Columns
from prognosis.biomarkers.selection.lasso_kernels import Indices
from prognosis.biomarkers.selection.lasso_newton import Array
from prognosis.biomarkers.selection.lasso_solving import Solution, solve_one
from prognosis.errors import InputError
from prognosis.survival.outcomes import checked_weight

TOLERANCE = 1e-8
_FEATURES_AT_ONCE = 8192


@dataclass(frozen=True)
class LassoFit:
    """A regression.

    Args:
        indices: (s,) features whose coefficient is not zero, ascending.
        coefficients: (s,) theirs; positive where a higher value goes with the event.
        intercept: The intercept.
        penalty: Of the coefficients.
        violation: The largest violation of the optimality conditions over all features, as a share of the penalty;
            infinite where the fit did not converge.
    """

    indices: Indices
    coefficients: Array
    intercept: float
    penalty: float
    violation: float

    @property
    def converged(self) -> bool:
        return bool(np.isfinite(self.violation))


def largest_penalty(x: NDArray[np.floating], label: ArrayLike, weight: ArrayLike | None = None) -> float:
    """The smallest penalty that leaves every coefficient zero.

    Args:
        x: (n, p) features.
        label: (n,) whether the event happened.
        weight: (n,) of patients; 1 by default.

    Raises:
        InputError: Patients with weight all have the event, or all have none.
        ValueError: Shapes do not fit, or a weight is negative or no finite number.
    """
    event, shares = checked_event(label, weight, len(x))
    residual = shares * (shares @ event - event)
    blocks = range(0, x.shape[1], _FEATURES_AT_ONCE)
    slopes = (np.abs(residual @ x[:, first : first + _FEATURES_AT_ONCE].astype(np.float64)) for first in blocks)
    return max((float(slope.max()) for slope in slopes), default=0.0)


def lasso_logistic(
    x: NDArray[np.floating],
    label: ArrayLike,
    penalty: float,
    *,
    weight: ArrayLike | None = None,
    tolerance: float = TOLERANCE,
) -> LassoFit:
    """Fit one regression.

    Args:
        x: (n, p) float32 or float64 features.
        label: (n,) whether the event happened.
        penalty: Of the coefficients; above 0.
        weight: (n,) of patients; 1 by default. Those with weight zero do not take part.
        tolerance: The largest violation of the optimality conditions, as a share of the penalty.

    Raises:
        InputError: Patients with weight all have the event, or all have none.
        ValueError: Shapes do not fit, a value or weight is no finite number, or a weight or penalty is out of range.
    """
    return lasso_path(x, label, [penalty], weight=weight, tolerance=tolerance)[0]


def lasso_path(
    x: NDArray[np.floating],
    label: ArrayLike,
    penalties: Sequence[float],
    *,
    weight: ArrayLike | None = None,
    tolerance: float = TOLERANCE,
) -> list[LassoFit]:
    """Fit a regression for each penalty, from the largest to the smallest, each starting from the one before.

    Args:
        x, label, weight, tolerance: As for `lasso_logistic`.
        penalties: In any order.

    Returns:
        A fit for each penalty, in their order.

    Raises:
        InputError, ValueError: As `lasso_logistic`.
    """
    event, shares = checked_event(label, weight, len(x))
    penalties = checked_penalties(penalties)
    columns = Columns.of(x)
    fits: dict[float, LassoFit] = {}
    before: Solution | None = None
    for penalty in sorted(set(penalties), reverse=True):
        before = solve_one(columns, event, shares, penalty, tolerance, before)
        fits[penalty] = LassoFit(before.indices, before.coefficients, before.intercept, penalty, before.violation)
    return [fits[penalty] for penalty in penalties]


def checked_event(label: ArrayLike, weight: ArrayLike | None, patients: int) -> tuple[Array, Array]:
    """(n,) events as 0 and 1, and (n,) weights with sum 1.

    Raises:
        InputError: Patients with weight all have the event, or all have none.
        ValueError: Shapes do not fit, or a weight is negative or no finite number.
    """
    event = np.asarray(label)
    if event.shape != (patients,) or not ((event == 0) | (event == 1)).all():
        msg = f"{patients} patients need {patients} labels that are true or false, got shape {event.shape}"
        raise ValueError(msg)
    event, weight = event.astype(np.float64), checked_weight(weight, patients)
    if not (weight @ event > 0 and weight @ (1 - event) > 0):
        raise InputError(
            "All patients have the same outcome: nothing tells them apart.",
            remedy="A regression needs patients with the event and patients without.",
        )
    return event, weight / weight.sum()


def checked_penalties(penalties: Sequence[float]) -> list[float]:
    """Penalties as plain numbers.

    Raises:
        ValueError: One is not above zero or no finite number.
    """
    checked = [float(penalty) for penalty in penalties]
    if not all(np.isfinite(penalty) and penalty > 0 for penalty in checked):
        msg = f"a penalty is a number above 0, got {checked}"
        raise ValueError(msg)
    return checked
