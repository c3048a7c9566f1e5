"""The logistic regression of one endpoint on its chosen features."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from prognosis.biomarkers.feature_names import parse_feature
from prognosis.biomarkers.risk.model import LinearScore
from prognosis.survival.models.logistic import fit_ridge_logistic

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

# Hardly holds the slope back, and keeps it finite where scores separate the outcomes.
_SLIGHT_PENALTY = 0.1
_TRIES_A_DRAW = 20


@dataclass(frozen=True)
class LogisticPart:
    """A fitted ridge logistic regression, and what it was fitted to.

    Args:
        score: Its log odds; their mean over training patients is the intercept.
        standardised: (n, p) features of the training patients, in SDs.
        penalty: Of the ridge.
        warnings: Of too few events.
    """

    score: LinearScore
    standardised: Matrix
    penalty: float
    warnings: tuple[str, ...]

    @property
    def spread(self) -> float:
        """Standard deviation of the log odds over training patients."""
        return spread_of(self.standardised @ self.score.coefficients)


class Recalibration(NamedTuple):
    """Log odds that are believed: offset + slope * score.

    Args:
        slope: 0 or more; 0 where scores do not order patients.
        offset: Log odds at a score of 0.
    """

    slope: float
    offset: float


def fit_logistic_part(
    names: Sequence[str], values: Matrix, label: NDArray[np.bool_], weight: Vector, *, penalty: float | None, seed: int
) -> LogisticPart:
    """Fit a ridge logistic regression to chosen features.

    Args:
        names: p features.
        values: (n, p) of the training patients.
        label: (n,) whether the event was seen by the horizon.
        weight: (n,) 0 where that is not known.
        penalty: None for cross-validation.
        seed: Of its folds.
    """
    mean, scale = values.mean(axis=0), values.std(axis=0)
    standardised = (values - mean) / scale
    fitted = fit_ridge_logistic(standardised, label, penalty=penalty, weight=weight, seed=seed)
    features = tuple(parse_feature(name) for name in names)
    score = LinearScore(features, mean, scale, fitted.coefficients, fitted.intercept)
    return LogisticPart(score, standardised, float(fitted.penalty or 0.0), fitted.warnings)


def spread_of(scores: Vector) -> float:
    """Standard deviation of scores; 0 where they differ by rounding alone."""
    spread = float(scores.std())
    return spread if spread > np.finfo(float).eps * max(float(np.abs(scores).max()), 1.0) else 0.0


def recalibrate(scores: Vector, label: NDArray[np.bool_], weight: Vector) -> Recalibration:
    """Slope and offset that make log odds of out-of-fold scores; a slope below 0 is taken for 0.

    Args:
        scores: (n,) log odds by models that had not seen the patient.
        label: (n,) whether the event was seen by the horizon.
        weight: (n,) 0 where that is not known.
    """
    frequency = float(np.average(label, weights=weight))
    spread = spread_of(scores)
    if spread == 0:
        return Recalibration(0.0, float(logit(frequency)))
    middle = float(scores.mean())
    column = ((scores - middle) / spread)[:, None]
    fitted = fit_ridge_logistic(column, label, penalty=_SLIGHT_PENALTY, weight=weight)
    slope = float(fitted.coefficients[0]) / spread
    if slope <= 0:
        return Recalibration(0.0, float(logit(frequency)))
    return Recalibration(slope, fitted.intercept - slope * middle)


def refits(
    part: LogisticPart,
    scores: Vector,
    label: NDArray[np.bool_],
    weight: Vector,
    believed: Recalibration,
    *,
    draws: int,
    seed: int,
) -> Matrix:
    """Fit and recalibrate again on resampled patients, with the same features, penalty and out-of-fold scores.

    Each fit is so expressed that the recalibration of all patients turns its log odds into those that its own resample
    believes: an interval holds what is not known of the recalibration as well.

    Args:
        part: Fitted to all patients.
        scores: (n,) log odds by models that had not seen the patient.
        label: (n,) whether the event was seen by the horizon.
        weight: (n,) 0 where that is not known.
        believed: The recalibration of all patients.
        draws: How many resamples.
        seed: Of the resamples.

    Returns:
        (draws, p + 1) intercepts and coefficients.
    """
    generator = np.random.default_rng(seed)
    patients = len(label)
    fits = np.empty((draws, part.standardised.shape[1] + 1))
    for at in range(draws):
        drawn = weight * _drawn(generator, patients, label, weight)
        fits[at] = _refit(part, label, drawn)
        if believed.slope > 0:
            again = recalibrate(scores, label, drawn)
            fits[at] *= again.slope / believed.slope
            fits[at, 0] += (again.offset - believed.offset) / believed.slope
    return fits


def _drawn(generator: np.random.Generator, patients: int, label: NDArray[np.bool_], weight: Vector) -> Vector:
    """How often each patient is drawn, in a resample that holds both outcomes."""
    for _ in range(_TRIES_A_DRAW):
        drawn = generator.multinomial(patients, np.full(patients, 1 / patients)).astype(float)
        used = (drawn * weight) > 0
        if label[used].any() and not label[used].all():
            return drawn
    return np.ones(patients)


def _refit(part: LogisticPart, label: NDArray[np.bool_], weight: Vector) -> Vector:
    fitted = fit_ridge_logistic(part.standardised, label, penalty=part.penalty, weight=weight)
    return np.concatenate([[fitted.intercept], fitted.coefficients])
