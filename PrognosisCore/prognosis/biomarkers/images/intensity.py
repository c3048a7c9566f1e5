"""Voxel values as the networks read them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.modality import Modality

_TOP = 255.0


@dataclass(frozen=True)
class Normalisation:
    """Clip to [low, high], scale to 0 to 255, remove the mean.

    Baek et al. do not say; the limits and the scale are those of public code for images of the same kind, and that the
    mean is the training images' is an assumption.

    Args:
        low, high: HU for CT, SUV for PET.
        mean: On the scale of 0 to 255.
    """

    low: float
    high: float
    mean: float = 0.0

    def __post_init__(self) -> None:
        if not self.low < self.high or not 0 <= self.mean <= _TOP:
            msg = f"needs low < high and a mean of 0 to 255, got {self.low}, {self.high} and {self.mean}"
            raise ValueError(msg)

    def scaled(self, values: NDArray) -> NDArray[np.float32]:
        """Values in HU or SUV -> 0 to 255, the mean still in."""
        clipped = np.clip(np.asarray(values, np.float32), self.low, self.high)
        return (clipped - np.float32(self.low)) * np.float32(_TOP / (self.high - self.low))

    def __call__(self, values: NDArray) -> NDArray[np.float32]:
        """Values in HU or SUV -> what the network reads, same shape."""
        return self.scaled(values) - np.float32(self.mean)


DEFAULT_NORMALISATION = {Modality.CT: Normalisation(-500.0, 200.0), Modality.PET: Normalisation(0.01, 20.0)}
"""Before the mean of the training images is known."""
