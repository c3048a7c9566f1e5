"""What scoring one PET/CT yields. Files and reports are drawn from these."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.images.region import Region
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.attribution import WeightsSeen
from prognosis.bundles.model_used import ModelUsed
from prognosis.imaging.volume import Volume
from prognosis.survival.predicted_survival import PredictedSurvival


@dataclass(frozen=True)
class Contribution:
    """What one feature adds.

    Args:
        name: Such as 'C16704'.
        channel, position: Its place in the bottleneck, the position as (z, y, x).
        value: The feature.
        standardised: In SDs from the training mean.
        log_odds: What it adds to the log odds of an average patient: recalibrated, as the probability is; where that is
            not shown as fitted, as the score is.
    """

    name: str
    channel: int
    position: tuple[int, int, int]
    value: float
    standardised: float
    log_odds: float


@dataclass(frozen=True)
class EndpointRisk:
    """One endpoint of a patient.

    Args:
        key, shown, horizon_days: The endpoint.
        score: Log odds as fitted: for ranking.
        probability, low, high: With a 95 % interval; None when not to be shown; the interval also
            where scores order nobody.
        percentile: Among out-of-fold patients; None when not to be shown.
        contributions: The largest first.
        auc: Of the model, in words.
        notes: What the reader should know.
    """

    key: str
    shown: str
    horizon_days: float
    score: float
    probability: float | None
    low: float | None
    high: float | None
    percentile: float | None
    contributions: tuple[Contribution, ...]
    auc: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Heat:
    """Where the score of an endpoint comes from.

    Args:
        endpoint: Its key.
        method: Which method, in words.
        region: Modality -> (48, 96, 96) change of the log odds a step of a voxel's value, on the region's lattice.
        on_input: Modality -> the same on the lattice of the patient's image.
        shuffled_correlation: Modality -> correlation of the map with that of the network with shuffled weights: near 1
            means that the map shows the image rather than what the network learnt.
        weights_seen: Modality -> how much of what raises and of what lowers the score the map can show.
    """

    endpoint: str
    method: str
    region: Mapping[Modality, NDArray[np.float32]]
    on_input: Mapping[Modality, Volume]
    shuffled_correlation: Mapping[Modality, float]
    weights_seen: Mapping[Modality, WeightsSeen]


@dataclass(frozen=True)
class ScoredPetct:
    """The numbers of one patient.

    Args:
        endpoints: In the model's order.
        risk: Log partial hazard of the Cox regression; None where the model has none.
        risk_percentile: Among out-of-fold patients; None when not to be shown.
        survival: None when not to be shown or not known.
        conventional: MTV, TLG, SUV measures, name with unit -> value.
        watermark: Text to print across figures of demonstration numbers; None when none is needed.
        model: Which model made the numbers.
        networks: Modality -> name and hash of the network, in words.
        suv: How voxel values became SUV, name -> value.
        versions: Program and library versions.
        warnings: What the reader should know of this patient's result, in words.
    """

    endpoints: tuple[EndpointRisk, ...]
    risk: float | None
    risk_percentile: float | None
    survival: PredictedSurvival | None
    conventional: Mapping[str, float]
    watermark: str | None
    model: ModelUsed
    networks: Mapping[str, str]
    suv: Mapping[str, str | float | None]
    versions: Mapping[str, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """A scored patient with the voxels that show the result."""

    patient: ScoredPetct
    region: Region
    heat: Heat
