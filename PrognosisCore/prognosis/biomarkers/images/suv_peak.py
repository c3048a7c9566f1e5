"""SUVpeak: the highest mean uptake in a sphere of one millilitre."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from prognosis.imaging.geometry import Geometry

PEAK_RADIUS_MM = float((3.0 * 1000.0 / (4.0 * np.pi)) ** (1.0 / 3.0))
"""6.2 mm: the radius of a sphere of 1 cm3."""
_PARTS = 7
"""Along each axis, of a voxel at the sphere's surface."""


def suv_peak(suv: NDArray[np.float32], geometry: Geometry, mask: NDArray[np.bool_]) -> float:
    """The global intensity peak of IBSI (0F91), with voxels at the sphere's surface counted in part.

    The sphere is centred on each voxel of the tumour in turn and may reach beyond the tumour; where it reaches beyond
    the scan, the mean is that of the part inside.

    Args:
        suv: (k, j, i) values around the tumour; to the scan's edge, or at least a sphere's radius beyond the mask.
        geometry: Its lattice; only spacing and direction count.
        mask: Same shape, the tumour; at least one is true.
    """
    weights = sphere_weights(geometry)
    total = fftconvolve(suv.astype(np.float64), weights, mode="same")
    inside = fftconvolve(np.ones(suv.shape), weights, mode="same")
    return float((total[mask] / inside[mask]).max())


def sphere_reach(geometry: Geometry) -> NDArray[np.int64]:
    """How many voxels along i, j, k the sphere reaches at most."""
    return np.ceil(np.linalg.norm(np.linalg.inv(geometry.affine[:3, :3]), axis=1) * PEAK_RADIUS_MM + 0.5).astype(int)


def sphere_weights(geometry: Geometry) -> NDArray[np.float64]:
    """The fraction of each voxel [k, j, i] that lies in a sphere around the middle voxel's centre."""
    reach = sphere_reach(geometry)
    fine = (np.arange(_PARTS) - (_PARTS - 1) / 2) / _PARTS
    i, j, k = ((np.arange(-n, n + 1)[:, None] + fine).ravel() for n in reach)
    points = np.stack(np.meshgrid(k, j, i, indexing="ij"), axis=-1)[..., ::-1] @ geometry.affine[:3, :3].T
    within = (points**2).sum(axis=-1) <= PEAK_RADIUS_MM**2
    sizes = [2 * int(n) + 1 for n in reach[::-1]]
    return within.reshape(sizes[0], _PARTS, sizes[1], _PARTS, sizes[2], _PARTS).mean(axis=(1, 3, 5))
