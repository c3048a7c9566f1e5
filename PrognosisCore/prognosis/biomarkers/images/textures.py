"""Texture matrices in three dimensions and what is read from them (IBSI chapters 3.6 to 3.8).

Neighbours are the 26 voxels that share a face, an edge or a corner. The matrices of the 13 directions are merged
before features are computed (IBSI's '3D merged': GLCM IAZD, GLRLM IAZD).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from prognosis.biomarkers.images.intensity_statistics import entropy

Levels = NDArray[np.int32]
Matrix = NDArray[np.float64]

DIRECTIONS = tuple((k, j, i) for k in (0, 1) for j in (-1, 0, 1) for i in (-1, 0, 1) if (k, j, i) > (0, 0, 0))
"""The 13 directions to neighbours; their opposites are the other 13."""


@dataclass(frozen=True)
class Groups:
    """Runs or zones: voxels of one grey level that hang together.

    Args:
        levels: (n,) grey level of each.
        sizes: (n,) its number of voxels.
        possible: How many there would be if none were larger than a voxel.
    """

    levels: NDArray[np.float64]
    sizes: NDArray[np.float64]
    possible: int


def cooccurrences(levels: Levels) -> Matrix:
    """The grey level co-occurrence matrix: shares of pairs of neighbours, symmetric, its sum 1.

    Args:
        levels: (k, j, i) grey levels from 1; 0 lies outside.

    Returns:
        (n, n) shares, levels 1 to the highest; (0, 0) where there is no pair of neighbours.
    """
    highest = int(levels.max(initial=0))
    counts = np.zeros((highest + 1) ** 2, np.int64)
    for direction in DIRECTIONS:
        one, other = _neighbours(levels, direction)
        both = (one > 0) & (other > 0)
        counts += np.bincount(one[both].astype(np.int64) * (highest + 1) + other[both], minlength=counts.size)
    matrix = counts.reshape(highest + 1, highest + 1)[1:, 1:].astype(float)
    total = 2 * matrix.sum()
    return (matrix + matrix.T) / total if total else np.zeros((0, 0))


def runs(levels: Levels) -> Groups:
    """The runs of the grey level run length matrix: straight lines of one level, in 13 directions."""
    padded = np.pad(levels, 1)
    flat = padded.ravel()
    voxels = np.flatnonzero(flat)
    strides = padded.shape[1] * padded.shape[2], padded.shape[2], 1
    found_levels, found_sizes = [], []
    for direction in DIRECTIONS:
        step = sum(part * stride for part, stride in zip(direction, strides, strict=True))
        at = voxels[flat[voxels - step] != flat[voxels]]
        found_levels.append(flat[at])
        sizes = np.ones(at.size)
        open_runs = np.arange(at.size)
        while open_runs.size:
            goes_on = flat[at + step] == flat[at]
            at, open_runs = at[goes_on] + step, open_runs[goes_on]
            sizes[open_runs] += 1
        found_sizes.append(sizes)
    return Groups(
        np.concatenate(found_levels).astype(float), np.concatenate(found_sizes), voxels.size * len(DIRECTIONS)
    )


def zones(levels: Levels) -> Groups:
    """The zones of the grey level size zone matrix: neighbours of one level, however they hang together."""
    # ITK joins diagonal neighbours only away from the border.
    padded = np.pad(levels, 1)
    inside = padded > 0
    image, mask = sitk.GetImageFromArray(padded), sitk.GetImageFromArray(inside.astype(np.uint8))
    numbered = sitk.GetArrayFromImage(sitk.ScalarConnectedComponent(image, mask, 0.0, True))[inside]
    _, first, sizes = np.unique(numbered, return_index=True, return_counts=True)
    return Groups(padded[inside][first].astype(float), sizes.astype(float), numbered.size)


def _neighbours(levels: Levels, direction: tuple[int, int, int]) -> tuple[Levels, Levels]:
    """Each voxel that has a neighbour in a direction, and that neighbour."""
    here = tuple(slice(max(0, -step), size - max(0, step)) for step, size in zip(direction, levels.shape, strict=True))
    there = tuple(slice(max(0, step), size - max(0, -step)) for step, size in zip(direction, levels.shape, strict=True))
    return levels[here], levels[there]


def _differences(matrix: Matrix) -> Matrix:
    numbers = np.arange(len(matrix))
    return np.abs(numbers[:, None] - numbers[None, :]).astype(float)


def _correlation(matrix: Matrix) -> float:
    numbers = np.arange(1.0, len(matrix) + 1)
    margin = matrix.sum(axis=0)
    mean = float(margin @ numbers)
    variance = float(margin @ (numbers - mean) ** 2)
    return float((numbers - mean) @ matrix @ (numbers - mean) / variance) if variance > 0 else np.nan


COOCCURRENCE: Mapping[str, Callable[[Matrix], float]] = {
    "joint_maximum": lambda matrix: float(matrix.max()),
    "joint_entropy": entropy,
    "contrast": lambda matrix: float((matrix * _differences(matrix) ** 2).sum()),
    "dissimilarity": lambda matrix: float((matrix * _differences(matrix)).sum()),
    "inverse_difference": lambda matrix: float((matrix / (1 + _differences(matrix))).sum()),
    "angular_second_moment": lambda matrix: float((matrix**2).sum()),
    "correlation": _correlation,
}
"""GYBY, TU9B, ACUI, 8S9J, IB1Z, 8ZQL, NI2N."""


def _non_uniformity(numbers: Matrix) -> float:
    """The sum of squared shares of equal numbers."""
    counts = np.unique(numbers, return_counts=True)[1]
    return float((counts**2).sum() / numbers.size**2)


def _group_entropy(groups: Groups) -> float:
    pairs = groups.levels * (groups.sizes.max() + 1) + groups.sizes
    counts = np.unique(pairs, return_counts=True)[1]
    return entropy(counts / groups.levels.size)


GROUPS: Mapping[str, Callable[[Groups], float]] = {
    "small_emphasis": lambda groups: float((1 / groups.sizes**2).mean()),
    "large_emphasis": lambda groups: float((groups.sizes**2).mean()),
    "low_level_emphasis": lambda groups: float((1 / groups.levels**2).mean()),
    "high_level_emphasis": lambda groups: float((groups.levels**2).mean()),
    "level_non_uniformity": lambda groups: _non_uniformity(groups.levels),
    "size_non_uniformity": lambda groups: _non_uniformity(groups.sizes),
    "percentage": lambda groups: groups.levels.size / groups.possible,
    "level_variance": lambda groups: float(groups.levels.var()),
    "size_variance": lambda groups: float(groups.sizes.var()),
    "entropy": _group_entropy,
}
"""Of runs (22OV, W4KF, V3SW, G3QZ, OVBL, IC23, 9ZK5, 8CE5, SXLW, HJ9O) and zones (P001, 48P8, XMSY, 5GN9, Y1RO, VB3A,
P30P, BYLV, 3NSA, GU8N); both non-uniformities are the normalised ones."""
