"""A fitted prognosis from bottleneck features."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from prognosis.biomarkers.endpoints import Endpoint
from prognosis.biomarkers.feature_names import FEATURES, Feature
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.bundles.manifest import Metric
from prognosis.bundles.model_used import ModelUsed
from prognosis.survival.calibration import Calibration

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class LinearScore:
    """intercept + sum of coefficient * (feature - mean) / scale.

    Args:
        features: p features.
        mean, scale: (p,) of the training patients.
        coefficients: (p,) for a step of one SD.
        intercept: The score where all features are average.
    """

    features: tuple[Feature, ...]
    mean: Vector
    scale: Vector
    coefficients: Vector
    intercept: float = 0.0

    def values(self, bottlenecks: Mapping[Modality, NDArray]) -> Vector:
        """(p,) values of the features, from the (55296,) features of each modality."""
        return np.array([float(bottlenecks[one.modality][one.index]) for one in self.features])

    def standardised(self, values: Vector) -> Vector:
        """(..., p) features in SDs from the training mean."""
        return np.asarray((values - self.mean) / self.scale)

    def contributions(self, values: Vector) -> Vector:
        """(..., p) what each feature adds to the score of an average patient."""
        return self.coefficients * self.standardised(values)

    def __call__(self, values: Vector) -> Vector:
        """(..., p) features -> (...) scores."""
        return np.asarray(self.contributions(values).sum(axis=-1) + self.intercept)

    def weights(self, modality: Modality) -> NDArray[np.float64]:
        """(55296,) what a step of one of each raw feature adds to the score; 0 for those that were not chosen."""
        weights = np.zeros(FEATURES)
        for one, coefficient, scale in zip(self.features, self.coefficients, self.scale, strict=True):
            if one.modality is modality:
                weights[one.index] += coefficient / scale
        return weights


@dataclass(frozen=True)
class EndpointModel:
    """A logistic regression of one endpoint, recalibrated on patients it had not seen.

    Args:
        endpoint: What is predicted.
        score: Log odds as fitted.
        refits: (b, p + 1) intercept and coefficients of fits to resampled patients, for intervals.
        slope, offset: The log odds that are believed: offset + slope * score. They come from out-of-fold scores; a
            slope of 0 means that the scores did not order patients, and every patient has the cohort's frequency.
        percentiles: (101,) percentiles 0 to 100 of out-of-fold scores, by each fold's own model.
        events, event_free: Patients the fit rests on.
        auc: Out of fold; None where it was not measured.
    """

    endpoint: Endpoint
    score: LinearScore
    refits: Matrix
    slope: float
    offset: float
    percentiles: Vector
    events: int
    event_free: int
    auc: Metric | None = None

    @property
    def unproven(self) -> bool:
        """Whether the interval of its out-of-fold AUC holds 0.5."""
        return self.auc is None or self.auc.low <= 0.5

    def probability(self, values: Vector) -> tuple[float, float, float]:
        """Probability of the event for (p,) features, and its 95 % interval over refits to resampled patients.

        The interval holds neither the choice of features nor the training of the networks.
        """
        standardised = self.score.standardised(values)
        refitted = self.refits[:, 0] + self.refits[:, 1:] @ standardised
        low, high = np.percentile(expit(self.offset + self.slope * refitted), _INTERVAL)
        middle = float(expit(self.offset + self.slope * float(self.score(values))))
        return middle, min(float(low), middle), max(float(high), middle)


@dataclass(frozen=True)
class CoxPart:
    """A Cox regression on the features chosen for any endpoint, beside the logistic ones.

    Args:
        score: Log partial hazard; mean 0 over training patients.
        calibration: From out-of-fold risks; None where higher risks did not mean earlier deaths.
        percentiles: (101,) percentiles 0 to 100 of out-of-fold risks.
        c_index: Out of fold.
    """

    score: LinearScore
    calibration: Calibration | None
    percentiles: Vector
    c_index: Metric


@dataclass(frozen=True)
class BiomarkerModel:
    """Two networks that segment tumours, and what their bottlenecks say of survival.

    Args:
        segmenters: Modality -> its network.
        endpoints: In the order of reports; at least one.
        cox: None where it could not be fitted.
        used: How results name the model.
        training_ranges: Name with unit -> lowest and highest value among training patients.
    """

    segmenters: Mapping[Modality, Segmenter]
    endpoints: tuple[EndpointModel, ...]
    cox: CoxPart | None
    used: ModelUsed
    training_ranges: Mapping[str, tuple[float, float]]
