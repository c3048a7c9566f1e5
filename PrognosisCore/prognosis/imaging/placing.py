"""Lesions on the lattice of an image: exact where both share a lattice, else resampled in patient space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask

_PARALLEL_VOXELS = 1e-2
_TIE_BREAK_VOXELS = 1e-3


@dataclass(frozen=True)
class PlacedMask:
    """A lesion's voxels on an image's lattice.

    Args:
        start: Index (i, j, k) in the image of the box's first voxel.
        mask: Booleans [k, j, i] of the box; of size zero when the lesion lies wholly outside.
        lost_fraction: Part of the lesion's volume outside the image, 0 to 1.
        resampled: Whether the lesion's own lattice differed from the image's.
        volume_ratio: Volume of its voxels on the image's lattice, those outside the image included, over its own
            volume; far from 1 where it is too small or too thin for the image's voxels.
    """

    start: tuple[int, int, int]
    mask: NDArray[np.bool_]
    lost_fraction: float
    resampled: bool
    volume_ratio: float = 1.0

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
        return _clipped(start, mask, image, lesion, resampled=False)
    start, mask = _resampled(lesion, image)
    return _clipped(start, mask, image, lesion, resampled=True)


def _permuted(lesion: LesionMask, mapping: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    sources = [int(np.flatnonzero(mapping[axis, :3])[0]) for axis in range(3)]
    signs = [int(mapping[axis, sources[axis]]) for axis in range(3)]
    mask = lesion.mask.transpose([2 - sources[2 - axis] for axis in range(3)])
    mask = mask[tuple(slice(None, None, signs[2 - axis]) for axis in range(3))]
    ends = np.stack([mapping[:, 3], mapping[:, :3] @ (np.asarray(lesion.geometry.size) - 1) + mapping[:, 3]])
    return ends.min(axis=0), mask


def _resampled(lesion: LesionMask, image: Geometry) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The mask at the image's voxel centres: its nearest voxel where axes are parallel, else linear, cut at half.

    A centre midway between two voxels takes the one to the left, posterior or superior, however the axes run.
    """
    box = lesion.geometry
    corners = np.array([[i, j, k] for i in (-1, box.size[0]) for j in (-1, box.size[1]) for k in (-1, box.size[2])])
    reach = image.to_index(box.to_patient(corners))
    first = np.floor(reach.min(axis=0)).astype(np.int64)
    last = np.ceil(reach.max(axis=0)).astype(np.int64)
    matrix = np.linalg.inv(box.affine) @ image.affine
    matrix = matrix @ np.block([[np.eye(3), first.reshape(3, 1)], [np.zeros((1, 3)), np.ones((1, 1))]])
    signs = np.array([1.0 if letter in "LPS" else -1.0 for letter in box.orientation])
    sampled = ndimage.affine_transform(
        np.pad(lesion.mask, 1).astype(np.float32),
        matrix[2::-1, 2::-1],
        offset=matrix[2::-1, 3] + 1.0 + _TIE_BREAK_VOXELS * signs[::-1],
        output_shape=tuple((last - first + 1)[::-1]),
        order=0 if _are_parallel(matrix, last - first) else 1,
        mode="constant",
    )
    return first, sampled >= 0.5


def _are_parallel(matrix: NDArray[np.float64], reach: NDArray[np.int64]) -> bool:
    """Whether an index map changes one axis per axis, to a hundredth of a voxel over `reach` voxels."""
    drifts = np.sort(np.abs(matrix[:3, :3]) * reach, axis=1)[:, :2]
    return bool(drifts.sum(axis=1).max() <= _PARALLEL_VOXELS)


def _clipped(
    start: NDArray[np.int64], mask: NDArray[np.bool_], image: Geometry, lesion: LesionMask, *, resampled: bool
) -> PlacedMask:
    size = np.asarray(mask.shape[::-1])
    low = np.clip(start, 0, image.size)
    high = np.clip(start + size, low, image.size)
    cut = tuple(slice(a, b) for a, b in zip((low - start)[::-1], (high - start)[::-1], strict=True))
    kept = np.ascontiguousarray(mask[cut])
    covered = np.count_nonzero(mask)
    lost = 1.0 - np.count_nonzero(kept) / covered if covered else 1.0
    ratio = covered * image.voxel_volume_mm3 / lesion.volume_mm3
    return PlacedMask((int(low[0]), int(low[1]), int(low[2])), kept, float(lost), resampled, float(ratio))
