"""Which lesions an overview shows, and through which voxel its slices are cut."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.geometry import Geometry
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.report.wording import by_rank

MOST_SHOWN = 3


@dataclass(frozen=True)
class Target:
    """A lesion to be shown.

    Args:
        lesion: The scored lesion.
        voxel: Index (i, j, k) of its painted voxel nearest to its centroid.
        box: Bounding box [k, j, i] of its painted voxels.
        painted: False when other lesions cover all of it; voxel and box are then its centroid.
    """

    lesion: ScoredLesion
    voxel: tuple[int, int, int]
    box: tuple[slice, slice, slice]
    painted: bool


def targets_of(labels: NDArray[np.uint16], geometry: Geometry, patient: ScoredPatient) -> list[Target]:
    """The scored lesions of highest risk, at most three, the highest first."""
    return [_target_of(lesion, labels, geometry) for lesion in by_rank(patient)[:MOST_SHOWN]]


def _target_of(lesion: ScoredLesion, labels: NDArray[np.uint16], geometry: Geometry) -> Target:
    voxels = _voxels_of(lesion.label, labels)
    if not len(voxels):
        right, anterior, superior = lesion.centroid_ras
        index = np.rint(geometry.to_index([-right, -anterior, superior])).astype(int)
        i, j, k = (int(v) for v in np.clip(index, 0, np.asarray(geometry.size) - 1))
        return Target(lesion, (i, j, k), (slice(k, k + 1), slice(j, j + 1), slice(i, i + 1)), painted=False)
    away_mm = (voxels - voxels.mean(axis=0)) * geometry.spacing[::-1]
    k, j, i = (int(v) for v in voxels[np.argmin((away_mm**2).sum(axis=1))])
    low, high = voxels.min(axis=0), voxels.max(axis=0) + 1
    box = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])), slice(int(low[2]), int(high[2])))
    return Target(lesion, (i, j, k), box, painted=True)


def _voxels_of(label: int, labels: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Indices (n, 3) in k, j, i order; slice by slice, so that no second volume is made."""
    found = [k for k in range(labels.shape[0]) if (labels[k] == label).any()]
    if not found:
        return np.empty((0, 3), np.int64)
    voxels = np.argwhere(labels[found[0] : found[-1] + 1] == label)
    voxels[:, 0] += found[0]
    return voxels
