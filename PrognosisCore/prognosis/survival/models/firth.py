"""Firth's logistic regression: finite coefficients where few events or separation would carry them away."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import chi2

from prognosis.survival.models.logistic_model import LogisticModel, checked_design, events_per_feature

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

_MOST_STEPS = 500
_LONGEST_STEP = 5.0
_CONVERGED = 1e-14
_ROUNDING = 1e-12
_HALF_DEVIANCE = float(chi2.ppf(0.95, 1)) / 2


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
    x, label, weight = checked_design(x, label, weight)
    design = np.column_stack([np.ones(len(x)), x])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        msg = "Firth's regression needs fewer columns than patients, none of them a combination of others"
        raise ValueError(msg)
    likelihood = _JeffreysLikelihood(design, label.astype(float), weight)
    estimate = likelihood.maximise(np.zeros(design.shape[1]), np.ones(design.shape[1], bool))
    model = LogisticModel(estimate[1:], float(estimate[0]), events_per_feature(x, label))
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
