"""The region of interest around a tumour: what the networks see of a patient."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.modality import Modality
from prognosis.imaging.geometry import Geometry

REGION_SIZE = (96, 96, 48)
"""Voxels along i, j, k."""


@dataclass(frozen=True)
class RegionOptions:
    """How regions are cut.

    Args:
        spacing_mm: Distance between voxels, the same along all axes (paper: 1 mm, so 96 x 96 x 48 mm).
        scaled: Whether the spacing grows for a tumour that would not fit, so that it fits. Features of scaled regions
            do not mean the same millimetres, which a result must say.
    """

    spacing_mm: float = 1.0
    scaled: bool = False

    def __post_init__(self) -> None:
        if not 0.2 <= self.spacing_mm <= 10:
            msg = f"spacing_mm is 0.2 to 10, got {self.spacing_mm}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Region:
    """PET, CT and tumour on one lattice of 96 x 96 x 48 voxels, its axes along the patient's.

    Args:
        geometry: LPS; the tumour's bounding box lies at the region's centre, unless the region had to be moved to stay
            inside the scan.
        images: Modality -> (48, 96, 96) float32 values [k, j, i], HU or SUV; those that were given.
        tumours: Modality -> (48, 96, 96) booleans, the contour drawn for that image; the same twice where one contour
            serves both.
        outside_fraction: Part of the tumour's volume that lies outside the region, 0 to 1.
        flags: What the reader should know, in words ('31 % of the tumour lies outside the region').
    """

    geometry: Geometry
    images: Mapping[Modality, NDArray[np.float32]]
    tumours: Mapping[Modality, NDArray[np.bool_]]
    outside_fraction: float
    flags: tuple[str, ...] = ()
