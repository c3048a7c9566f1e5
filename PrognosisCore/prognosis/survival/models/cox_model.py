"""Cox's proportional hazards with a ridge penalty."""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.folds import patient_folds
from prognosis.survival.models.fitted_risk import FittedRisk
from prognosis.survival.outcomes import checked_outcome, checked_weight

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

PENALTIES = tuple(float(10 ** (half / 2)) for half in range(10, -5, -1))
"""100,000 to 0.01 in half powers of ten. The last is next to none: a coefficient of 1 costs 0.005 of log likelihood."""

_FOLDS = 5
_MOST_STEPS = 200
_CONVERGED = 1e-10
_ROUNDING = 1e-12


@dataclass(frozen=True)
class LinearRisk:
    """risk = (x - mean) . coefficients.

    Args:
        coefficients: (p,) log hazard ratios for a step of one.
        mean: (p,) of the training patients.
    """

    coefficients: Vector
    mean: Vector

    def __call__(self, x: Matrix) -> Vector:
        """(n, p) covariates -> (n,) risks."""
        return (np.asarray(x, float) - self.mean) @ self.coefficients


def fit_cox(x: Matrix, time: Vector, event: NDArray[np.bool_], seed: int) -> FittedRisk:
    """Fit a ridge Cox model whose penalty is chosen by cross-validation; ties in time by Breslow.

    The log partial likelihood less half the penalty times the squared coefficients is maximised. Of `PENALTIES` the one
    with the largest cross-validated log partial likelihood over five folds of patients is taken (Verweij and van
    Houwelingen, Statistics in Medicine 1993, 12:2305-2314).

    Args:
        x: (n, p) finite, encoded covariates of the training patients.
        time: (n,) days.
        event: (n,) whether the event was seen.
        seed: Seed of the folds.

    Returns:
        The model. `chosen` holds the penalty and, where columns separate early events from everybody still at risk, so
        that only the penalty keeps their coefficients finite, the numbers of these columns, from 1.

    Raises:
        ValueError: Shapes do not fit, a value is not as said, or there are fewer events than folds.
    """
    time, event = checked_outcome(time, event)
    x = _checked_covariates(x, len(time))
    separating = separating_columns(x, time, event)
    mean, basis = x.mean(axis=0), _basis(x)
    x = (x - mean) @ basis
    everybody = RiskSets.of(x, time, event)
    fold = patient_folds(time, event, np.zeros(len(time)), folds=_FOLDS, seed=seed)
    likelihood = np.zeros(len(PENALTIES))
    left_out = np.empty((len(PENALTIES), len(time)))
    for number in range(_FOLDS):
        inside = fold != number
        some = RiskSets.of(x[inside], time[inside], event[inside])
        coefficients = np.zeros(x.shape[1])
        for at, penalty in enumerate(PENALTIES):
            coefficients = some.fit(penalty, start=coefficients)
            likelihood[at] += everybody.log_likelihood(coefficients) - some.log_likelihood(coefficients)
            left_out[at, ~inside] = LinearRisk(coefficients, x[inside].mean(axis=0))(x[~inside])
    best = int(np.argmax(likelihood))
    chosen: dict[str, float | int | str] = {"penalty": PENALTIES[best]}
    if len(separating):
        chosen["separating_columns"] = ", ".join(str(column + 1) for column in separating)
    return FittedRisk(LinearRisk(basis @ everybody.fit(PENALTIES[best]), mean), left_out[best], chosen)


def _basis(x: Matrix) -> Matrix:
    """(p, q) directions in which patients differ, q <= n: no ridge fit leaves them, however many columns there are."""
    if x.shape[1] <= len(x):
        return np.eye(x.shape[1])
    return np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2].T


def separating_columns(x: ArrayLike, time: ArrayLike, event: ArrayLike) -> NDArray[np.int64]:
    """Columns that alone make the partial likelihood grow for ever.

    In such a column every patient has at the event the highest value of all still at risk (or every one the lowest),
    as when nobody of a category has an event.

    Args:
        x: (n, p) covariates.
        time: (n,) follow-up.
        event: (n,) 1 where the event was seen.

    Returns:
        Indices of columns.
    """
    values, lowest, highest = _at_events(x, time, event)
    one_sided = (values == highest).all(axis=0) | (values == lowest).all(axis=0)
    return np.flatnonzero(one_sided & (highest > lowest).any(axis=0))


def informative_columns(x: ArrayLike, time: ArrayLike, event: ArrayLike) -> NDArray[np.bool_]:
    """(p,) whether a column differs among those at risk at any event; the likelihood depends on no other."""
    _, lowest, highest = _at_events(x, time, event)
    return np.asarray((highest > lowest).any(axis=0))


def _at_events(x: ArrayLike, time: ArrayLike, event: ArrayLike) -> tuple[Matrix, Matrix, Matrix]:
    """At each event the patient's values, and the lowest and highest among those at risk."""
    x, time, event = np.asarray(x, float), np.asarray(time, float), np.asarray(event, bool)
    order = np.argsort(-time, kind="stable")
    last_of_tie = np.searchsorted(-time[order], -time[order], side="right") - 1
    at_event = event[order]
    lowest, highest = (extreme.accumulate(x[order])[last_of_tie][at_event] for extreme in (np.minimum, np.maximum))
    return x[order][at_event], lowest, highest


@dataclass(frozen=True)
class RiskSets:
    """Patients in order of falling time: at each event, those before and tied are the ones still at risk.

    Args:
        x: (n, p) covariates.
        weight: (n,) how often each patient counts.
        event_weight: (n,) the same where the event was seen, else 0.
        tie_end: (t,) for each distinct time the number of patients with that time or a later one.
    """

    x: Matrix
    weight: Vector
    event_weight: Vector
    tie_end: NDArray[np.int64]

    @classmethod
    def of(cls, x: ArrayLike, time: ArrayLike, event: ArrayLike, weight: ArrayLike | None = None) -> "RiskSets":
        """Sort patients; those that weigh nothing are left out.

        Raises:
            ValueError: Shapes do not fit, a value is not as said, or there is no event.
        """
        time, event = checked_outcome(time, event)
        x, weight = _checked_covariates(x, len(time)), checked_weight(weight, len(time))
        order = np.argsort(-time, kind="stable")
        order = order[weight[order] > 0]
        event_weight = np.where(event, weight, 0.0)[order]
        if not event_weight.any():
            msg = "a Cox model needs at least one event"
            raise ValueError(msg)
        tie_end = np.append(np.flatnonzero(np.diff(time[order])) + 1, len(order))
        return cls(np.ascontiguousarray(x[order]), weight[order], event_weight, tie_end)

    def log_likelihood(self, coefficients: Vector) -> float:
        """Breslow's log partial likelihood."""
        eta = self.x @ coefficients
        log_sums, _, events = _at_risk(self.x[:, :0], eta, self.weight, self.event_weight, self.tie_end)
        return float(self.event_weight @ eta - events @ log_sums)

    def fit(self, penalty: float, *, start: Vector | None = None) -> Vector:
        """Maximise the log partial likelihood less penalty / 2 |coefficients|^2 by Newton's method.

        Args:
            penalty: At least 0; at 0 the maximum must exist (see `separating_columns`).
            start: (p,) where to begin.

        Returns:
            (p,) coefficients.

        Raises:
            ArithmeticError: It does not converge, for want of a penalty.
        """
        coefficients = np.zeros(self.x.shape[1]) if start is None else start
        objective = self._objective(coefficients, penalty)
        for _ in range(_MOST_STEPS):
            gradient, curvature = self._derivatives(coefficients)
            gradient -= penalty * coefficients
            curvature[np.diag_indices_from(curvature)] += penalty
            step = np.linalg.solve(curvature, gradient)
            expected_gain = gradient @ step
            if expected_gain < _CONVERGED:
                return coefficients + step
            size, least = 1.0, objective - _ROUNDING * abs(objective)
            while (reached := self._objective(coefficients + size * step, penalty)) < least and size > _ROUNDING:
                size /= 2
            coefficients, objective = coefficients + size * step, reached
        msg = f"the Cox model did not converge in {_MOST_STEPS} steps: give it a penalty, or a larger one"
        raise ArithmeticError(msg)

    def _objective(self, coefficients: Vector, penalty: float) -> float:
        return self.log_likelihood(coefficients) - 0.5 * penalty * float(coefficients @ coefficients)

    def _derivatives(self, coefficients: Vector) -> tuple[Vector, Matrix]:
        """Gradient and negative second derivatives of the log partial likelihood."""
        eta = self.x @ coefficients
        log_sums, means, events = _at_risk(self.x, eta, self.weight, self.event_weight, self.tie_end)
        # Breslow's hazard up to each time, summed from the first time (the last tie) on; logarithms do not overflow.
        with np.errstate(divide="ignore"):
            log_hazard = np.logaddexp.accumulate((np.log(events) - log_sums)[::-1])[::-1]
        expected = self.weight * np.exp(eta + np.repeat(log_hazard, np.diff(self.tie_end, prepend=0)))
        gradient = self.event_weight @ self.x - events @ means
        return gradient, (self.x.T * expected) @ self.x - (means.T * events) @ means


def _checked_covariates(x: ArrayLike, patients: int) -> Matrix:
    x = np.asarray(x, float)
    if x.ndim != 2 or len(x) != patients or not x.shape[1] or not np.isfinite(x).all():
        msg = f"{patients} patients need finite covariates of shape ({patients}, at least 1), got shape {x.shape}"
        raise ValueError(msg)
    return x


@numba.njit  # type: ignore[untyped-decorator]  # numba has no types
def _at_risk(
    x: Matrix, eta: Vector, weight: Vector, event_weight: Vector, tie_end: NDArray[np.int64]
) -> tuple[Vector, Matrix, Vector]:
    """At each time: log of the summed hazards of those at risk, their hazard-weighted mean of x, and events."""
    log_sums = np.zeros(len(tie_end))
    means = np.zeros((len(tie_end), x.shape[1]))
    events = np.zeros(len(tie_end))
    # Hazards are relative to the largest met so far, so that no risk set under- or overflows.
    largest, total, moments = -np.inf, 0.0, np.zeros(x.shape[1])
    start = 0
    for tie, end in enumerate(tie_end):
        for patient in range(start, end):
            if eta[patient] > largest:
                shrink = np.exp(largest - eta[patient])
                largest, total = eta[patient], total * shrink
                moments *= shrink
            hazard = weight[patient] * np.exp(eta[patient] - largest)
            total += hazard
            for column in range(x.shape[1]):
                moments[column] += hazard * x[patient, column]
            events[tie] += event_weight[patient]
        start = end
        log_sums[tie] = largest + np.log(total)
        for column in range(x.shape[1]):
            means[tie, column] = moments[column] / total
    return log_sums, means, events
