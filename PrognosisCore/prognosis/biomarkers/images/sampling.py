"""Values of an image at the voxel centres of another lattice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume

_COARSER = 1.5
"""From this ratio of spacings on an image is smoothed before it is sampled."""
_FWHM_PER_SIGMA = 2.3548
_EDGE_VOXELS = 1e-3


@dataclass(frozen=True)
class Sampled:
    """An image on another lattice.

    Args:
        array: float32 values [k, j, i].
        beyond: Booleans [k, j, i], true where the image tells nothing; None when it covers the lattice.
        smoothed: Whether the image was smoothed because its voxels are much finer.
    """

    array: NDArray[np.float32]
    beyond: NDArray[np.bool_] | None
    smoothed: bool

    @property
    def fraction_beyond(self) -> float:
        return 0.0 if self.beyond is None else float(self.beyond.mean())


def sample_linearly(image: Volume, target: Geometry, *, beyond: float, smooth: bool = True) -> Sampled:
    """Interpolate linearly; only the part of the image that is needed is touched.

    Where the target's voxels are more than 1.5 times as wide as the image's, the image is first smoothed along that
    axis by a Gaussian that makes one of its voxels as wide as the target's (full width at half maximum), so that fine
    detail does not alias. Up to half a voxel outside its outermost centres the image keeps its outermost value.

    Args:
        image: Any orientation.
        target: Where values are wanted.
        beyond: The value outside the image, also its lowest: what scanners put outside their field of view (-2000 HU
            and less) must not reach tissue by interpolation.
        smooth: Whether to smooth against aliasing.
    """
    matrix = np.linalg.inv(image.geometry.affine) @ target.affine
    size = np.asarray(image.geometry.size)
    ends = [(0, n - 1) for n in target.size]
    corners = np.array([[i, j, k, 1] for i in ends[0] for j in ends[1] for k in ends[2]]) @ matrix[:3].T
    low, high = corners.min(axis=0), corners.max(axis=0)
    sigmas = _sigmas(matrix) if smooth else np.zeros(3)
    margin = np.ceil(4 * sigmas).astype(int) + 1
    start = np.clip(np.floor(low).astype(int) - margin, 0, size)
    stop = np.clip(np.ceil(high).astype(int) + margin + 1, start, size)
    if np.any(stop == start):
        return Sampled(np.full(target.shape, beyond, np.float32), np.ones(target.shape, bool), smoothed=False)
    box = tuple(slice(a, b) for a, b in zip(start[::-1], stop[::-1], strict=True))
    values = np.maximum(image.array[box].astype(np.float32), np.float32(beyond))
    for axis, sigma in enumerate(sigmas[::-1]):
        if sigma > 0:
            values = ndimage.gaussian_filter1d(values, sigma, axis=axis, mode="nearest")
    array = ndimage.affine_transform(
        values,
        matrix[2::-1, 2::-1],
        offset=matrix[2::-1, 3] - start[::-1],
        output_shape=target.shape,
        order=1,
        mode="nearest",
    )
    covers = np.all((low >= -0.5 - _EDGE_VOXELS) & (high <= size - 0.5 + _EDGE_VOXELS))
    outside = None if covers else _outside(matrix, target, size)
    if outside is not None:
        array[outside] = beyond
    return Sampled(array, outside, smoothed=bool((sigmas > 0).any()))


def _sigmas(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the Gaussian along each of the image's axes, in its voxels."""
    ratios = np.linalg.norm(matrix[:3, :3], axis=1)
    return np.where(ratios > _COARSER, np.sqrt(np.maximum(ratios**2 - 1, 0)) / _FWHM_PER_SIGMA, 0.0)


def _outside(matrix: NDArray[np.float64], target: Geometry, size: NDArray[np.int64]) -> NDArray[np.bool_]:
    k, j, i = np.ogrid[: target.shape[0], : target.shape[1], : target.shape[2]]
    outside = np.zeros(target.shape, bool)
    for axis in range(3):
        index = matrix[axis, 0] * i + matrix[axis, 1] * j + (matrix[axis, 2] * k + matrix[axis, 3])
        outside |= (index < -0.5 - _EDGE_VOXELS) | (index > size[axis] - 0.5 + _EDGE_VOXELS)
    return outside
