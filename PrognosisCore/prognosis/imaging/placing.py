"""Lesions on the lattice of an image: exact where both share a lattice, else resampled in patient space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask


@dataclass(frozen=True)
class PlacedMask:
    """A lesion's voxels on an image's lattice.

    Args:
        start: Index (i, j, k) in the image of the box's first voxel.
        mask: Booleans [k, j, i] of the box; of size zero when the lesion lies wholly outside.
        lost_fraction: Part of the lesion's volume outside the image, 0 to 1.
        resampled: Whether the lesion's own lattice differed from the image's.
    """

    start: tuple[int, int, int]
    mask: NDArray[np.bool_]
    lost_fraction: float
    resampled: bool

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box in an array [k, j, i] of the image."""
        k, j, i = (slice(s, s + n) for s, n in zip(self.start[::-1], self.mask.shape, strict=True))
        return k, j, i


def place_on(lesion: LesionMask, image: Geometry) -> PlacedMask:
    """Find the voxels of `image` that a lesion covers."""
    mapping = image.lattice_map_from(lesion.geometry)
    if mapping is not None:
        start, mask = _permuted(lesion, mapping)
        return _clipped(start, mask, image, lost_of=int(np.count_nonzero(lesion.mask)), resampled=False)
    start, mask = _resampled(lesion, image)
    return _clipped(start, mask, image, lost_of=int(np.count_nonzero(mask)), resampled=True)


def _permuted(lesion: LesionMask, mapping: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    sources = [int(np.flatnonzero(mapping[axis, :3])[0]) for axis in range(3)]
    signs = [int(mapping[axis, sources[axis]]) for axis in range(3)]
    mask = lesion.mask.transpose([2 - sources[2 - axis] for axis in range(3)])
    mask = mask[tuple(slice(None, None, signs[2 - axis]) for axis in range(3))]
    ends = np.stack([mapping[:, 3], mapping[:, :3] @ (np.asarray(lesion.geometry.size) - 1) + mapping[:, 3]])
    return ends.min(axis=0), mask


def _resampled(lesion: LesionMask, image: Geometry) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Linear interpolation of the mask at the image's voxel centres, cut at one half."""
    box = lesion.geometry
    corners = np.array([[i, j, k] for i in (-1, box.size[0]) for j in (-1, box.size[1]) for k in (-1, box.size[2])])
    reach = image.to_index(box.to_patient(corners))
    first = np.floor(reach.min(axis=0)).astype(np.int64)
    last = np.ceil(reach.max(axis=0)).astype(np.int64)
    matrix = np.linalg.inv(box.affine) @ image.affine
    matrix = matrix @ np.block([[np.eye(3), first.reshape(3, 1)], [np.zeros((1, 3)), np.ones((1, 1))]])
    sampled = ndimage.affine_transform(
        np.pad(lesion.mask, 1).astype(np.float32),
        matrix[2::-1, 2::-1],
        offset=matrix[2::-1, 3] + 1.0,
        output_shape=tuple((last - first + 1)[::-1]),
        order=1,
        mode="constant",
    )
    return first, sampled >= 0.5


def _clipped(
    start: NDArray[np.int64], mask: NDArray[np.bool_], image: Geometry, *, lost_of: int, resampled: bool
) -> PlacedMask:
    size = np.asarray(mask.shape[::-1])
    low = np.clip(start, 0, image.size)
    high = np.clip(start + size, low, image.size)
    cut = tuple(slice(a, b) for a, b in zip((low - start)[::-1], (high - start)[::-1], strict=True))
    kept = np.ascontiguousarray(mask[cut])
    lost = 1.0 - np.count_nonzero(kept) / lost_of if lost_of else 1.0
    return PlacedMask((int(low[0]), int(low[1]), int(low[2])), kept, float(lost), resampled)
