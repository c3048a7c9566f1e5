"""A place around a tumour, rotated about the tumour: what chance looks like at equal distance and in equal tissue."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from prognosis.errors import InputError

Mask = NDArray[np.bool_]

_SURROUNDINGS_VOXELS = 2
_SAME_TISSUE = 0.8  # of the part of allowed voxels around the region itself
_MOST_SHARED = 0.25  # of the region's voxels, so that chance does not hold the region itself
_TRIALS_PER_ROTATION, _BATCH, _PROBES = 400, 256, 150
_SLIDES, _LONGEST_SLIDE_MM = 4, 20.0
_PARTS = (-0.25, 0.25)  # voxels


def rotated_copies(
    region: Mask,
    centre: tuple[float, float, float],
    spacing: tuple[float, float, float],
    allowed: Mask,
    rotations: int,
    seed: int,
    *,
    distance: NDArray | None = None,
    least_allowed: float | None = None,
) -> Iterator[Mask]:
    """Yield copies of a region, each rotated about a centre by a random rotation in space.

    A copy is taken when it lies wholly inside the array, at least the part `least_allowed` of it on allowed voxels, and
    shares at most a quarter of its voxels with the region itself.

    Args:
        region: Booleans [k, j, i].
        centre: Index (i, j, k), may lie between voxels.
        spacing: mm along i, j, k.
        allowed: Where copies may lie, [k, j, i].
        rotations: How many copies are wanted; fewer come when 400 times as many trials do not give them.
        seed: Of the rotations.
        distance: Distance from the tumour in mm, [k, j, i]: each voxel of a copy then slides along its ray from the
            centre until it is as far from the tumour as it was, so that tumours need not be balls.
        least_allowed: 0 to 1; by default 0.8 of the part of allowed voxels that the region's surroundings have.

    Raises:
        InputError: The region is empty.
    """
    if not region.any():
        raise InputError("The region to be rotated has no voxel.", remedy="Give a region inside the array.")
    least = _least_allowed(region, allowed) if least_allowed is None else least_allowed
    turning = _Turning.of(region, centre, spacing, distance)
    rng = np.random.default_rng(seed)
    probes = turning.thinned(rng.permutation(len(turning.points))[:_PROBES])
    found = 0
    for _ in range(-(-rotations * _TRIALS_PER_ROTATION // _BATCH)):
        turns = Rotation.random(_BATCH, rng=rng).as_matrix()
        (k, j, i), inside = probes.voxels(probes.moved(turns))
        for turn in turns[inside.all(axis=1) & (allowed[k, j, i].mean(axis=1) >= least)]:
            copy = turning.drawn(turn)
            if copy is not None and np.count_nonzero(copy & region) <= _MOST_SHARED * len(turning.points):
                yield copy
                found += 1
                if found == rotations:
                    return


def same_tissue(region: Mask, tumour: Mask, tissue: NDArray[np.integer]) -> Mask:
    """Where a region's copies may lie: voxels of the commonest tissue around it, without the tumour.

    What fills the region itself does not count: a nodule in lung is compared with lung.

    Args:
        region, tumour: Booleans [k, j, i].
        tissue: Tissue of each voxel as an integer, [k, j, i].
    """
    around = ndimage.binary_dilation(region, iterations=_SURROUNDINGS_VOXELS) & ~region & ~tumour
    classes, counts = np.unique(tissue[around if around.any() else region], return_counts=True)
    return (tissue == classes[np.argmax(counts)]) & ~tumour


def _least_allowed(region: Mask, allowed: Mask) -> float:
    around = ndimage.binary_dilation(region, iterations=_SURROUNDINGS_VOXELS) & ~region
    return _SAME_TISSUE * float(allowed[around].mean()) if around.any() else _SAME_TISSUE


@dataclass(frozen=True)
class _Turning:
    """A region's voxels on their way to another place.

    Args:
        shape: Of the array, [k, j, i].
        centre, step: Index of the centre and mm between voxels, along i, j, k.
        points: (n, 3) mm from the centre along i, j, k.
        distance: From the tumour in mm, [k, j, i].
        wanted: (n,) distance of each point.
    """

    shape: tuple[int, ...]
    centre: NDArray[np.float64]
    step: NDArray[np.float64]
    points: NDArray[np.float64]
    distance: NDArray | None
    wanted: NDArray | None

    @staticmethod
    def of(
        region: Mask, centre: tuple[float, float, float], spacing: tuple[float, float, float], distance: NDArray | None
    ) -> "_Turning":
        at, step = np.asarray(centre, float), np.asarray(spacing, float)
        points = (np.argwhere(region)[:, ::-1] - at) * step
        return _Turning(region.shape, at, step, points, distance, None if distance is None else distance[region])

    def thinned(self, kept: NDArray[np.int64]) -> "_Turning":
        """Some of the voxels."""
        return replace(self, points=self.points[kept], wanted=None if self.wanted is None else self.wanted[kept])

    def moved(self, turns: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, n, 3) where rotations (m, 3, 3) bring the points, each slid to its own distance from the tumour."""
        turned = np.einsum("mab,nb->mna", turns, self.points)
        if self.distance is None:
            return turned
        ways = turned / np.maximum(np.linalg.norm(self.points, axis=1), 1e-9)[:, None]
        slide = np.zeros(turned.shape[:2])
        for _ in range(_SLIDES):
            (k, j, i), _inside = self.voxels(turned + slide[..., None] * ways)
            slide = np.clip(slide + self.wanted - self.distance[k, j, i], -_LONGEST_SLIDE_MM, _LONGEST_SLIDE_MM)
        return turned + slide[..., None] * ways

    def drawn(self, turn: NDArray[np.float64]) -> Mask | None:
        """The copy as a mask, None where it leaves the array.

        Each voxel is moved as eight parts, and as many voxels as the region has are filled: those with most parts.
        """
        moved = self.moved(turn[None])[0]
        corners = np.stack(np.meshgrid(*[_PARTS] * 3), axis=-1).reshape(-1, 3) * self.step
        (k, j, i), inside = self.voxels((moved[:, None] + corners @ turn.T).reshape(-1, 3))
        if not inside.all():
            return None
        parts = np.bincount(np.ravel_multi_index((k, j, i), self.shape), minlength=int(np.prod(self.shape)))
        touched = np.flatnonzero(parts)
        filled = np.zeros(self.shape, np.bool_)
        filled.ravel()[touched[np.argsort(-parts[touched], kind="stable")[: len(moved)]]] = True
        return filled

    def voxels(
        self, points: NDArray[np.float64]
    ) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], Mask]:
        """The nearest voxels k, j, i of points, the array's nearest for those outside; and which are inside."""
        index = np.rint(points / self.step + self.centre).astype(np.int64)
        nearest = np.clip(index, 0, np.asarray(self.shape[::-1]) - 1)
        return (nearest[..., 2], nearest[..., 1], nearest[..., 0]), np.all(index == nearest, axis=-1)
