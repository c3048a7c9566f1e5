"""Sizes of a lesion as a radiologist measures them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist


@dataclass(frozen=True)
class Diameters:
    """In-plane diameters of a lesion (RECIST's way: both on one axial slice)."""

    longest_mm: float
    short_axis_mm: float


def measure_diameters(mask: NDArray[np.bool_], spacing: tuple[float, float]) -> Diameters:
    """The longest in-plane diameter over all axial slices, and the lesion's extent perpendicular to it there.

    Measured between the outer edges of voxels, so that a single voxel is as long as its spacing.

    Args:
        mask: Booleans [k, j, i], axial slices first; at least one is true.
        spacing: Voxel spacing along i and j, in mm.
    """
    candidates = [_diameters_of_slice(area, spacing) for area in mask if area.any()]
    return max(candidates, key=lambda diameters: diameters.longest_mm)


def _diameters_of_slice(area: NDArray[np.bool_], spacing: tuple[float, float]) -> Diameters:
    hull = _outline_points(area, spacing)
    hull = hull[ConvexHull(hull).vertices]
    distances = cdist(hull, hull)
    first, second = np.unravel_index(distances.argmax(), distances.shape)
    along = (hull[second] - hull[first]) / distances[first, second]
    across = hull @ np.array([-along[1], along[0]])
    return Diameters(float(distances[first, second]), float(np.ptp(across)))


def _outline_points(area: NDArray[np.bool_], spacing: tuple[float, float]) -> NDArray[np.float64]:
    """Midpoints of the outer edges of the first and last voxel of each row and column, in mm (x, y)."""
    points: list[tuple[Any, Any]] = []
    for row in np.flatnonzero(area.any(axis=1)):
        columns = np.flatnonzero(area[row])
        points += [(columns[0] - 0.5, row), (columns[-1] + 0.5, row)]
    for column in np.flatnonzero(area.any(axis=0)):
        rows = np.flatnonzero(area[:, column])
        points += [(column, rows[0] - 0.5), (column, rows[-1] + 0.5)]
    return np.asarray(points, float) * np.asarray(spacing)
