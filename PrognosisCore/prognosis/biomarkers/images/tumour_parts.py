"""The separate parts of what is drawn, and where they lie in the patient."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.segmentation.islands import split_into_islands

_DECIMALS = 9


def separate_parts(tumours: Iterable[LesionMask]) -> list[LesionMask]:
    """The islands (26-connected) of all tumours, the largest volume first."""
    parts = [island for tumour in tumours for island in split_into_islands(tumour)[0]]
    return sorted(parts, key=lambda part: -part.volume_mm3)


def extent_of(part: LesionMask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and highest patient position (LPS, mm) along each axis, to the outer edges of its voxels."""
    mask = part.mask
    k, j = np.nonzero(mask.any(axis=2))
    first = mask.argmax(axis=2)[k, j]
    last = mask.shape[2] - 1 - mask[:, :, ::-1].argmax(axis=2)[k, j]
    centres = part.geometry.to_patient(np.stack([np.r_[first, last], np.r_[j, j], np.r_[k, k]], axis=-1))
    half = np.abs(part.geometry.affine[:3, :3]).sum(axis=1) / 2
    return centres.min(axis=0) - half, centres.max(axis=0) + half


def extent_of_scan(geometry: Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `extent_of`, for a whole lattice."""
    edges = geometry.to_patient(_corners(geometry))
    return edges.min(axis=0), edges.max(axis=0)


def fraction_outside(part: LesionMask, box: Geometry) -> float:
    """The fraction of a part's volume that lies outside a lattice, voxel edges included, 0 to 1.

    Exact where the axes of both run in parallel; else each voxel of the part counts by its centre.
    """
    matrix = np.linalg.inv(box.affine) @ part.geometry.affine
    sizes = part.geometry.size
    largest = np.abs(matrix[:3, :3]).argmax(axis=0)
    across = matrix[:3, :3].copy()
    across[largest, range(3)] = 0.0
    if len(set(largest.tolist())) < 3 or (np.abs(across) * sizes).max() > 1e-2:
        k, j, i = np.nonzero(part.mask)
        indices = box.to_index(part.geometry.to_patient(np.stack([i, j, k], axis=-1)))
        inside = np.all((indices >= -0.5) & (indices <= np.asarray(box.size) - 0.5), axis=1)
        return float(1.0 - inside.mean())
    covered = []
    for axis, along in enumerate(largest.tolist()):
        step = matrix[along, axis]
        centres = matrix[along, 3] + step * np.arange(sizes[axis])
        low = np.maximum(centres - abs(step) / 2, -0.5)
        high = np.minimum(centres + abs(step) / 2, box.size[along] - 0.5)
        covered.append(np.clip((high - low) / abs(step), 0.0, 1.0))
    inside = covered[2] @ (part.mask @ covered[0] @ covered[1]) / np.count_nonzero(part.mask)
    return max(0.0, round(1.0 - float(inside), _DECIMALS))


def _corners(geometry: Geometry) -> NDArray[np.float64]:
    ends = [(-0.5, size - 0.5) for size in geometry.size]
    return np.array([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]])
