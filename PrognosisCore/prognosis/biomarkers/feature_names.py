"""Names of bottleneck features, and where in the bottleneck each lies.

Baek et al. name features C00000 ... C55295 and P00000 ... P55295 without saying how they are counted; that the channel
runs fastest, then x, y and z, is an assumption.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError

CHANNELS = 512
GRID = (3, 6, 6)
"""Positions of the bottleneck along z, y, x."""
FEATURES = CHANNELS * GRID[0] * GRID[1] * GRID[2]
"""55,296: features of one modality."""

_NAME = re.compile(r"([CP])(\d{5})")


@dataclass(frozen=True)
class Feature:
    """One value of a bottleneck.

    Args:
        modality: Whose network.
        index: ((z * 6 + y) * 6 + x) * 512 + channel, 0 to 55,295.
    """

    modality: Modality
    index: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < FEATURES:
            msg = f"a feature's index is 0 to {FEATURES - 1}, got {self.index}"
            raise ValueError(msg)

    @property
    def name(self) -> str:
        return f"{self.modality.letter}{self.index:05d}"

    @property
    def channel(self) -> int:
        return self.index % CHANNELS

    @property
    def position(self) -> tuple[int, int, int]:
        """Its place (z, y, x) in the bottleneck."""
        z, y, x = np.unravel_index(self.index // CHANNELS, GRID)
        return int(z), int(y), int(x)


def parse_feature(name: str) -> Feature:
    """Decode a name such as 'C16704'.

    Raises:
        InputError: It is no feature's name.
    """
    match = _NAME.fullmatch(name.strip())
    if match is None or int(match[2]) >= FEATURES:
        raise InputError(
            f"'{name}' is no feature.",
            remedy=f"Names run from C00000 to C{FEATURES - 1} and P00000 to P{FEATURES - 1}.",
        )
    return Feature(Modality.CT if match[1] == "C" else Modality.PET, int(match[2]))


def feature_names(modality: Modality) -> list[str]:
    """The 55,296 names of a modality, in order."""
    return [f"{modality.letter}{index:05d}" for index in range(FEATURES)]


def flatten(bottleneck: NDArray) -> NDArray:
    """(..., 512, 3, 6, 6) bottleneck [channel, z, y, x] -> (..., 55296) features."""
    moved = np.moveaxis(bottleneck, -4, -1)
    return np.ascontiguousarray(moved).reshape(*bottleneck.shape[:-4], FEATURES)


def unflatten(features: NDArray) -> NDArray:
    """(..., 55296) features -> (..., 512, 3, 6, 6) bottleneck [channel, z, y, x]."""
    return np.moveaxis(features.reshape(*features.shape[:-1], *GRID, CHANNELS), -1, -4)
