"""A trained model of method 1, ready to score patients."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from prognosis.bundles.model_used import ModelUsed
from prognosis.lesions.network import LesionNetwork
from prognosis.lesions.patches import PatchOptions
from prognosis.survival.calibration import Calibration


@dataclass(frozen=True)
class LesionModel:
    """Network, preprocessing, and what its numbers are compared with.

    Args:
        network: In evaluation mode.
        patch: How patches are cut.
        lesion_percentiles: (101,) percentiles 0 to 100 of out-of-fold lesion risks.
        patient_percentiles: (101,) percentiles 0 to 100 of out-of-fold patient risks.
        calibration: From risk to survival; None when the model was never calibrated.
        training_ranges: Name -> lowest and highest value in training, for `slice_thickness_mm`, `pixel_spacing_mm`
            and `lesion_volume_mm3`.
        used: How results name the model.
        unproven: Whether the interval of its out-of-fold C-index holds 0.5.
    """

    network: LesionNetwork
    patch: PatchOptions
    lesion_percentiles: NDArray[np.float64]
    patient_percentiles: NDArray[np.float64]
    calibration: Calibration | None
    used: ModelUsed
    training_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unproven: bool = False
