"""Size and shape of a tumour (IBSI chapter 3.1)."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from prognosis.biomarkers.images.roi import Roi
from prognosis.biomarkers.images.surface import area_and_volume


def _sphericity(roi: Roi) -> float:
    area, volume = area_and_volume(roi.mask)
    return float((36 * np.pi * volume**2) ** (1 / 3) / area)


def _maximum_diameter_mm(roi: Roi) -> float:
    """The longest distance between two points of the surface, which passes half a voxel outside outermost centres."""
    points = _faces(roi.mask)
    hull = points[ConvexHull(points).vertices]
    return float(pdist(hull).max() * roi.spacing_mm)


def _faces(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Centres of the outer faces of the first and last voxel of each row along each axis."""
    points = []
    for axis in range(3):
        along = np.moveaxis(mask, axis, -1)
        rows = np.argwhere(along.any(axis=-1))
        first = along.argmax(axis=-1)[along.any(axis=-1)] - 0.5
        last = mask.shape[axis] - along[..., ::-1].argmax(axis=-1)[along.any(axis=-1)] - 0.5
        points += [np.insert(rows.astype(float), axis, ends, axis=1) for ends in (first, last)]
    return np.concatenate(points)


def _axes(roi: Roi) -> NDArray[np.float64]:
    """Variances along the principal axes, ascending."""
    voxels = np.argwhere(roi.mask)
    return np.maximum(np.linalg.eigvalsh(np.cov(voxels.T, bias=True)), 0.0)


def _ratio_of_axes(roi: Roi, axis: int) -> float:
    axes = _axes(roi)
    return float(np.sqrt(axes[axis] / axes[2])) if axes[2] > 0 else np.nan


SHAPE: Mapping[str, Callable[[Roi], float]] = {
    "volume_ml": lambda roi: float(np.count_nonzero(roi.mask)) * roi.spacing_mm**3 / 1000.0,
    "surface_mm2": lambda roi: area_and_volume(roi.mask)[0] * roi.spacing_mm**2,
    "sphericity": _sphericity,
    "maximum_diameter_mm": _maximum_diameter_mm,
    "elongation": lambda roi: _ratio_of_axes(roi, 1),
    "flatness": lambda roi: _ratio_of_axes(roi, 0),
}
"""YEKZ, C0JK, QCFX, L0JK, Q3CK, N17B."""
