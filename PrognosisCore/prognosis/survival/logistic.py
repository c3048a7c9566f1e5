"""Logistic regression for an event by a horizon: ridge, or Firth's for few events."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import chi2
from sklearn.linear_model import LogisticRegression

from prognosis.survival.censoring import Censoring
from prognosis.survival.folds import patient_folds
from prognosis.survival.outcomes import checked_outcome, checked_weight

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

PENALTIES = tuple(float(10 ** (half / 2)) for half in range(8, -5, -1))
"""10,000 to 0.01 in half powers of ten."""

FEW_EVENTS_PER_FEATURE = 5.0

_FOLDS = 5
_MOST_STEPS = 500
_LONGEST_STEP = 5.0
_CONVERGED = 1e-14
_ROUNDING = 1e-12
_HALF_DEVIANCE = float(chi2.ppf(0.95, 1)) / 2


@dataclass(frozen=True)
class HorizonEndpoint:
    """Whether patients had the event by a horizon, known for some of them only.

    Args:
        label: (n,) whether the event was seen by the horizon.
        complete: (n,) whether the patient belongs to the complete cases. Leaving the others out biases the event's
            frequency upwards, for who is censored early cannot be counted as free of it.
        weight: (n,) inverse probability of still being uncensored when the label became known; 0 where it never did.
            A patient who met another cause first is known to be free of the event.
        events: Complete cases with the event.
        event_free: Complete cases without.
        censored: Left out of them: censored before the horizon.
        other_cause: Left out of them: met another cause by the horizon.
    """

    label: NDArray[np.bool_]
    complete: NDArray[np.bool_]
    weight: Vector
    events: int
    event_free: int
    censored: int
    other_cause: int


def horizon_endpoint(
    time: ArrayLike, event: ArrayLike, at_days: float, *, cause: int | None = None, censoring: Censoring | None = None
) -> HorizonEndpoint:
    """Turn follow-up into a label at a horizon; a patient censored at the very horizon was free of the event at it.

    Args:
        time: (n,) days.
        event: (n,) 1 where the event was seen, or with `cause` the number of the cause that was met, 0 censored.
        at_days: The horizon.
        cause: The cause that counts, for a disease-specific endpoint; by default every one does.
        censoring: Of the training patients; of these very patients by default.

    Raises:
        ValueError: The horizon is not above zero, training patients were not followed to it, lengths differ, or a time
            is negative or no finite number.
    """
    met = np.asarray(event, np.int64)
    time, any_event = checked_outcome(time, met != 0)
    if at_days <= 0:
        msg = f"a horizon lies after time 0, got {at_days}"
        raise ValueError(msg)
    by_then = any_event & (time <= at_days)
    label = by_then & (met == cause) if cause is not None else by_then
    known = by_then | (time >= at_days)
    censoring = censoring or Censoring.fit(time, any_event)
    needed = np.minimum(time, at_days)
    uncensored = censoring.before(needed)
    censoring.require_known(needed[known], uncensored[known])
    complete = known & (label | ~by_then)
    return HorizonEndpoint(
        label=label,
        complete=complete,
        weight=np.divide(1.0, uncensored, out=np.zeros(len(time)), where=known),
        events=int(label.sum()),
        event_free=int((complete & ~label).sum()),
        censored=int((~known).sum()),
        other_cause=int((by_then & ~label).sum()),
    )


@dataclass(frozen=True)
class LogisticModel:
    """A fitted logistic regression.

    Args:
        coefficients: (p,) log odds ratios for a step of one.
        intercept: Log odds where all covariates are 0.
        events_per_feature: Patients with the rarer outcome, over p.
        penalty: Of the ridge; None for Firth's.
        low: (p,) lower bounds of 95 % intervals; None where they were not asked for.
        high: (p,) upper bounds.
    """

    coefficients: Vector
    intercept: float
    events_per_feature: float
    penalty: float | None = None
    low: Vector | None = None
    high: Vector | None = None

    def probability(self, x: Matrix) -> Vector:
        """(n, p) covariates -> (n,) probabilities of the event."""
        return expit(np.asarray(x, float) @ self.coefficients + self.intercept)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader of its numbers should know."""
        if self.events_per_feature >= FEW_EVENTS_PER_FEATURE:
            return ()
        return (
            f"only {self.events_per_feature:.1f} events for each feature, fewer than {FEW_EVENTS_PER_FEATURE:.0f}: "
            "the coefficients are uncertain and the probabilities may be far off",
        )


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
    x, label, weight = _checked(x, label, weight)
    if penalty is None:
        penalty = _cross_validated(x, label, weight, seed)
    coefficients, intercept = _ridge(x, label, weight, penalty)
    return LogisticModel(coefficients, intercept, _events_per_feature(x, label), penalty)


def fit_firth_logistic(
    x: Matrix, label: ArrayLike, *, weight: ArrayLike | None = None, intervals: bool = False
) -> LogisticModel:
    """Fit by the likelihood times Jeffreys' prior, which stays finite when a covariate separates the outcomes.

    Firth, Biometrika 1993, 80:27-38; Heinze and Schemper, Statistics in Medicine 2002, 21:2409-2419.

    Args:
        x: (n, p) encoded covariates, fewer than patients and none a combination of others.
        label: (n,) 1 where the event was seen.
        weight: (n,) of each patient; patients of weight 0 are left out.
        intervals: Whether to compute profile likelihood intervals. They take weights for numbers of patients, so that
            with inverse probability weights they are approximate.

    Raises:
        ValueError: Shapes do not fit, a number is not finite, an outcome is missing, or columns depend on each other.
        ArithmeticError: It does not converge, as can be with half as many columns as patients.
    """
    x, label, weight = _checked(x, label, weight)
    design = np.column_stack([np.ones(len(x)), x])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        msg = "Firth's regression needs fewer columns than patients, none of them a combination of others"
        raise ValueError(msg)
    likelihood = _JeffreysLikelihood(design, label.astype(float), weight)
    estimate = likelihood.maximise(np.zeros(design.shape[1]), np.ones(design.shape[1], bool))
    model = LogisticModel(estimate[1:], float(estimate[0]), _events_per_feature(x, label))
    if not intervals:
        return model
    low, high = np.transpose([likelihood.profile_interval(estimate, at) for at in range(1, design.shape[1])])
    return replace(model, low=low, high=high)


@dataclass(frozen=True)
class _JeffreysLikelihood:
    """log likelihood + 1/2 log |information|, of a design whose first column is 1."""

    design: Matrix
    label: Vector
    weight: Vector

    def value(self, coefficients: Vector) -> float:
        eta = self.design @ coefficients
        log_likelihood = self.weight @ (self.label * eta - np.logaddexp(0, eta))
        return float(log_likelihood + 0.5 * np.linalg.slogdet(self._information(expit(eta)))[1])

    def maximise(self, start: Vector, free: NDArray[np.bool_]) -> Vector:
        """Fisher scoring over the free coefficients; steps that lead down or far past the summit are halved."""
        coefficients, value = start, self.value(start)
        for _ in range(_MOST_STEPS):
            score, information = self._score(coefficients)
            step = np.zeros(len(coefficients))
            step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
            if step @ score < _CONVERGED:
                return coefficients
            step *= min(1.0, _LONGEST_STEP / float(np.abs(step).max()))
            least = value - _ROUNDING * abs(value)
            # The information is not the curvature of the prior: whole steps may swing about the summit for ever.
            while self._overshoots(coefficients + step, step, score, least) and np.abs(step).max() > _ROUNDING:
                step /= 2
            coefficients = coefficients + step
            value = self.value(coefficients)
        msg = f"Firth's regression did not converge in {_MOST_STEPS} steps: use fewer covariates, or the ridge"
        raise ArithmeticError(msg)

    def profile_interval(self, estimate: Vector, at: int) -> tuple[float, float]:
        """Where the likelihood, maximised over all other coefficients, falls by half the 95 % point of chi-square."""
        free = np.arange(len(estimate)) != at
        above = self.value(estimate) - _HALF_DEVIANCE

        def excess(offset: float) -> float:
            start = estimate.copy()
            start[at] += offset
            return self.value(self.maximise(start, free)) - above

        information = self._information(expit(self.design @ estimate))
        reach = 2 * float(np.sqrt(np.linalg.inv(information)[at, at]))
        return float(estimate[at] + _root(excess, -reach)), float(estimate[at] + _root(excess, reach))

    def _overshoots(self, reached: Vector, step: Vector, score: Vector, least: float) -> bool:
        return self.value(reached) < least or bool(step @ self._score(reached)[0] < -0.5 * (step @ score))

    def _score(self, coefficients: Vector) -> tuple[Vector, Matrix]:
        probability = expit(self.design @ coefficients)
        variance = self.weight * probability * (1 - probability)
        information = self._information(probability)
        leverage = variance * np.einsum("ij,ji->i", self.design, np.linalg.solve(information, self.design.T))
        score = self.design.T @ (self.weight * (self.label - probability) + leverage * (0.5 - probability))
        return score, information

    def _information(self, probability: Vector) -> Matrix:
        return (self.design.T * (self.weight * probability * (1 - probability))) @ self.design


def _root(excess: Callable[[float], float], reach: float) -> float:
    while excess(reach) > 0:
        reach *= 2
    return float(brentq(excess, 0.0, reach, xtol=1e-8))


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


def _events_per_feature(x: Matrix, label: NDArray[np.bool_]) -> float:
    return float(min(label.sum(), (~label).sum()) / x.shape[1])


def _checked(x: Matrix, label: ArrayLike, weight: ArrayLike | None) -> tuple[Matrix, NDArray[np.bool_], Vector]:
    x, label = np.asarray(x, float), np.asarray(label, bool)
    if x.ndim != 2 or label.shape != x.shape[:1] or not x.shape[1] or not np.isfinite(x).all():
        msg = f"finite (n, p) covariates and (n,) labels are needed, got shapes {x.shape} and {label.shape}"
        raise ValueError(msg)
    weight = checked_weight(weight, len(x))
    used = weight > 0
    if len(np.unique(label[used])) < 2:
        msg = "a logistic regression needs patients with the event and patients without"
        raise ValueError(msg)
    return x[used], label[used], weight[used]
