"""Activation maximisation of named features, in HU and SUV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.feature_names import Feature
from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.maximising import Maximised, MaximisingOptions, maximise
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.biomarkers.networks.unet_receptive import ReceptiveField, receptive_field
from prognosis.errors import InputError
from prognosis.progress import Progress, silent


@dataclass(frozen=True)
class MaximisedFeature:
    """What a named feature answers to.

    Args:
        feature: Which.
        result: What the ascent reached.
        segmenter: Whose feature it is.
        values: (48, 96, 96) the region in HU or SUV.
        field: Where the feature looks.
    """

    feature: Feature
    result: Maximised
    segmenter: Segmenter
    values: NDArray[np.float32]
    field: ReceptiveField


def maximise_features(
    segmenters: Mapping[Modality, Segmenter],
    features: Sequence[Feature],
    options: MaximisingOptions,
    progress: Progress = silent,
) -> list[MaximisedFeature]:
    """Climb for each feature, in order.

    Raises:
        InputError: There is no network for a feature's modality.
    """
    for feature in features:
        shown = feature.modality.shown
        if feature.modality not in segmenters:
            raise InputError(
                f"{feature.name} is a feature of {shown}; no network given reads {shown}.",
                remedy=f"Give a {shown} model with --model as well, or leave the feature out.",
            )
    return [_maximised(segmenters[feature.modality], feature, options, progress) for feature in features]


def _maximised(
    segmenter: Segmenter, feature: Feature, options: MaximisingOptions, progress: Progress
) -> MaximisedFeature:
    def tell(step: str, done: int, total: int) -> None:
        progress(f"{step} {feature.name}", done, total)

    scale = segmenter.normalisation
    low, high = (float(limit) for limit in scale(np.array([scale.low, scale.high])))
    result = maximise(segmenter.network, feature.index, options, tell, limits=(low, high))
    return MaximisedFeature(
        feature=feature,
        result=result,
        segmenter=segmenter,
        values=_unscaled(result.image, scale),
        field=receptive_field(segmenter.network, feature),
    )


def _unscaled(image: NDArray[np.float32], scale: Normalisation) -> NDArray[np.float32]:
    """HU or SUV of what a network reads."""
    low, high = scale(np.array([scale.low, scale.high]))
    return ((image - low) / (high - low) * (scale.high - scale.low) + scale.low).astype(np.float32)
