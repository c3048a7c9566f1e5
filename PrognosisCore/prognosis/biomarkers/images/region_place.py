"""Where the region of a tumour lies."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from prognosis.biomarkers.images.region import REGION_SIZE, RegionOptions
from prognosis.biomarkers.images.tumour_parts import extent_of, extent_of_scan
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask

_ROOM = 1.1
"""A scaled region is this many times as long as the tumour's bounding box."""
_DECIMALS = 3
"""Of the region's corner in mm: a region that is a whole scan then falls on the scan's voxel centres."""


@dataclass(frozen=True)
class RegionPlace:
    """The lattice of a region.

    Args:
        geometry: LPS, 96 x 96 x 48 voxels.
        moved_mm: How far its centre lies from that of the tumour's bounding box.
        enlarged: Whether its voxels were made larger so that the tumour fits.
    """

    geometry: Geometry
    moved_mm: float
    enlarged: bool


def place_region(tumour: LesionMask, scans: Iterable[Geometry], options: RegionOptions) -> RegionPlace:
    """Centre a region on a tumour's bounding box, then move it no further than needed to stay inside the scans.

    Along an axis on which the scans share less than the region's length, the region covers all they share. A scan that
    does not show the box's centre does not count.
    """
    low, high = extent_of(tumour)
    size = np.asarray(REGION_SIZE)
    needed = float((_ROOM * (high - low) / size).max()) if options.scaled else 0.0
    spacing = max(options.spacing_mm, needed)
    length = size * spacing
    centre = (low + high) / 2
    corner = centre - length / 2
    edges = [extent_of_scan(scan) for scan in scans]
    edges = [(start, end) for start, end in edges if np.all((start <= centre) & (centre <= end))]
    first = np.max([start for start, _ in edges], axis=0, initial=-np.inf)
    last = np.min([end for _, end in edges], axis=0, initial=np.inf) - length
    inside = np.round(np.clip(corner, np.minimum(first, last), np.maximum(first, last)), _DECIMALS)
    x, y, z = (float(value) for value in inside + spacing / 2)
    return RegionPlace(
        geometry=Geometry(REGION_SIZE, (spacing, spacing, spacing), (x, y, z)),
        moved_mm=float(np.linalg.norm(inside - corner)),
        enlarged=spacing > options.spacing_mm,
    )
