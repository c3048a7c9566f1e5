"""Between the baseline's region and the follow-up's lattice, by a rigid transform."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import place_on

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class LaidRecurrence:
    """A recurrence on the region's lattice.

    Args:
        mask: (48, 96, 96) booleans; none where it lies wholly outside.
        outside_fraction: Part of its volume outside the region, 0 to 1.
        volume_mm3: Of the whole of it.
    """

    mask: NDArray[np.bool_]
    outside_fraction: float
    volume_mm3: float


def moved(geometry: Geometry, matrix: Matrix) -> Geometry:
    """A lattice after a rigid transform (4x4, LPS mm)."""
    return Geometry.from_affine(matrix @ geometry.affine, geometry.size)


def lay_recurrence(lesions: Sequence[LesionMask], region: Geometry, matrix: Matrix) -> LaidRecurrence:
    """Bring lesions of the follow-up onto the region's lattice.

    Args:
        lesions: At least one, in the follow-up's positions.
        region: The lattice.
        matrix: 4x4, from positions of the region to those of the follow-up.
    """
    back: Matrix = np.linalg.inv(matrix).astype(np.float64)
    mask = np.zeros(region.shape, np.bool_)
    volume = sum(lesion.volume_mm3 for lesion in lesions)
    lost = 0.0
    for lesion in lesions:
        placed = place_on(replace(lesion, geometry=moved(lesion.geometry, back)), region)
        mask[placed.slices] |= placed.mask
        lost += placed.lost_fraction * lesion.volume_mm3
    return LaidRecurrence(mask, lost / volume, volume)


def lay_values(values: NDArray, region: Geometry, scan: Geometry, matrix: Matrix) -> NDArray[np.float32]:
    """Values of the region on the follow-up's lattice by linear interpolation, 0 outside the region.

    Args:
        values: [k, j, i] on the region's lattice.
        region, scan: The lattices.
        matrix: 4x4, from positions of the region to those of the follow-up.
    """
    there = moved(region, matrix)
    ends = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.asarray(region.size) - 1)
    reached = scan.to_index(there.to_patient(ends))
    start = np.clip(np.floor(reached.min(axis=0)), 0, scan.size).astype(int)
    stop = np.clip(np.ceil(reached.max(axis=0)) + 1, start, scan.size).astype(int)
    result = np.zeros(scan.shape, np.float32)
    if np.any(stop == start):
        return result
    into = np.linalg.inv(there.affine) @ scan.affine
    result[tuple(slice(a, b) for a, b in zip(start[::-1], stop[::-1], strict=True))] = ndimage.affine_transform(
        np.asarray(values, np.float32),
        into[2::-1, 2::-1],
        offset=(into[:3, :3] @ start + into[:3, 3])[::-1],
        output_shape=tuple((stop - start)[::-1]),
        order=1,
        mode="constant",
    )
    return result
