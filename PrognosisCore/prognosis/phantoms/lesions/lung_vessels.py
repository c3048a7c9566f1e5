"""Branching vessels of the lungs, so that nodules must be told from them."""

import numpy as np
from numpy.typing import NDArray

from prognosis.phantoms.lesions.canvas import Canvas
from prognosis.phantoms.lesions.organs import ORGAN_LABELS, label_table
from prognosis.phantoms.lesions.viscera import HILA

_TRUNKS, _GENERATIONS, _STEP_MM = 12, 6, 2.0
_FIRST_RADIUS_MM, _NARROWING = 3.6, 0.74


def paint_lung_vessels(canvas: Canvas, enhancement: float, rng: np.random.Generator) -> None:
    """Paint a tree from each hilum into its lung; branches that leave the lung are not seen."""
    lung = label_table((ORGAN_LABELS["lung_left"], ORGAN_LABELS["lung_right"]))
    points, radii = zip(*(_tree(np.asarray(hilum), rng) for hilum in HILA), strict=True)
    centres, radius = np.concatenate(points), np.concatenate(radii)
    axes = (canvas.x.ravel(), canvas.y.ravel(), canvas.z.ravel())
    step = np.array([float(axis[1] - axis[0]) for axis in axes])
    nearest = np.rint((centres - [axis[0] for axis in axes]) / step).astype(int)
    reach = np.ceil(_FIRST_RADIUS_MM / step).astype(int)
    strength = 30.0 + 90.0 * enhancement
    for offset in np.ndindex(*(2 * reach + 1)):
        voxel = nearest + (np.asarray(offset) - reach)
        distance = np.linalg.norm(voxel * step + [axis[0] for axis in axes] - centres, axis=1)
        hit = (distance <= np.maximum(radius, 0.6 * step[0])) & np.all(
            (voxel >= 0) & (voxel < canvas.hu.shape[::-1]), axis=1
        )
        i, j, k = voxel[hit].T
        in_lung = lung[canvas.labels[k, j, i]]
        thin = np.clip(radius[hit] / step[0], 0.35, 1.0)
        painted = canvas.hu[k, j, i] * (1.0 - thin) + strength * thin
        canvas.hu[k[in_lung], j[in_lung], i[in_lung]] = np.maximum(
            painted[in_lung], canvas.hu[k[in_lung], j[in_lung], i[in_lung]]
        )


def _tree(root: NDArray[np.float64], rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points every 2 mm along the branches, shape (n, 3), and the radius at each."""
    outward = np.array([np.sign(root[0]), 0.0, 0.0])
    heads = np.repeat(root[None], _TRUNKS, axis=0)
    ways = _unit(rng.normal(size=(_TRUNKS, 3)) * [0.6, 1.0, 1.2] + outward * 0.8)
    points, radii, radius, length = [], [], _FIRST_RADIUS_MM, 34.0
    for _ in range(_GENERATIONS):
        steps = np.arange(0.0, length, _STEP_MM)
        points.append((heads[:, None] + ways[:, None] * steps[None, :, None]).reshape(-1, 3))
        radii.append(np.full(points[-1].shape[0], radius))
        heads = np.repeat(heads + ways * length, 2, axis=0)
        ways = _unit(np.repeat(ways, 2, axis=0) + rng.normal(scale=0.5, size=heads.shape))
        radius *= _NARROWING
        length *= 0.85
    return np.concatenate(points), np.concatenate(radii)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
