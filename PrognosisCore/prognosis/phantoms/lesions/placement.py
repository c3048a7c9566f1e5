"""Where a lesion can grow: in its organ, clear of the lesions before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.phantoms.lesions.canvas import Canvas, Mask
from prognosis.phantoms.lesions.hazard import LesionOrgan
from prognosis.phantoms.lesions.lesion_shapes import grow, growing_field, lesion_hu
from prognosis.phantoms.lesions.organs import LESION_ORGAN_LABELS, label_table
from prognosis.phantoms.lesions.truth import LesionTruth

_CANDIDATES, _BEST_PART = 300, 0.1
_ROOM = 1.15  # of the lesion's radius that should be free around its centre
_REACH = 2.6  # half the box in radii: spicules and infiltration end inside
_OUT_OF_BONE = 1.35  # how much slower a lesion grows outside its bone than inside
_BODY_HU = -300.0
_GAP = np.ones((3, 5, 5), bool)


@dataclass(frozen=True)
class PlacedLesion:
    """A lesion's voxels: a box of the image and what it holds."""

    box: tuple[slice, slice, slice]
    mask: Mask


class Ground:
    """Which voxels are still free, and for which organ.

    Args:
        canvas: A painted chest. Lesions are painted into it.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._free = np.ones(canvas.labels.shape, bool)
        self._voxels = {
            organ: np.flatnonzero(label_table(labels)[canvas.labels]) for organ, labels in LESION_ORGAN_LABELS.items()
        }

    def plant(self, lesion: LesionTruth, enhancement: float, rng: np.random.Generator) -> PlacedLesion:
        """Choose a place, paint the lesion there, and label its voxels as its organ."""
        canvas = self._canvas
        spacing = canvas.geometry.spacing
        radius = float(np.cbrt(0.75 / np.pi * lesion.volume_mm3))
        centre = self._choose_centre(lesion.organ, radius, rng)
        box = self._box(centre, _REACH * radius + 2.0 * max(spacing))
        k, j, i = (
            ((np.arange(cut.start, cut.stop) - at) * step).astype(np.float32)
            for cut, at, step in zip(box, centre, spacing[::-1], strict=True)
        )
        field = growing_field(lesion, (i[None, None, :], j[None, :, None], k[:, None, None]), rng)
        inside = label_table(LESION_ORGAN_LABELS[lesion.organ])[canvas.labels[box]]
        allowed = self._free[box] & inside
        if lesion.organ is LesionOrgan.BONE:
            allowed = self._free[box] & (inside | (canvas.hu[box] > _BODY_HU) | _near(inside, radius, spacing))
            field[~inside] *= _OUT_OF_BONE
        voxels = max(1, round(lesion.volume_mm3 / canvas.geometry.voxel_volume_mm3))
        mask, surface = grow(field, allowed, voxels)
        surface = max(surface, 0.5 * radius)  # a lesion of one voxel has no extent of its own
        canvas.hu[box] = lesion_hu(lesion, canvas.hu[box], field, surface, mask, allowed, enhancement, spacing, rng)
        if lesion.organ is LesionOrgan.BONE:
            self._label_swelling(box, mask, canvas.labels[centre])
        self._free[box] &= ~ndimage.binary_dilation(mask, _GAP)
        return PlacedLesion(box, mask)

    def _choose_centre(self, organ: LesionOrgan, radius: float, rng: np.random.Generator) -> tuple[int, int, int]:
        """One of the roomiest of some random voxels of the organ."""
        shape = np.asarray(self._canvas.labels.shape)
        chosen = rng.choice(self._voxels[organ], size=_CANDIDATES)
        candidates = np.stack(np.unravel_index(chosen, tuple(shape)), axis=1)
        around = candidates[:, None] + np.rint(_sphere(radius * _ROOM, self._canvas.geometry.spacing)).astype(int)
        within = np.all((around >= 0) & (around < shape), axis=2)
        k, j, i = np.moveaxis(np.clip(around, 0, shape - 1), 2, 0)
        own = label_table(LESION_ORGAN_LABELS[organ])[self._canvas.labels[k, j, i]]
        room = (within & own & self._free[k, j, i]).mean(axis=1)
        room += self._free[tuple(candidates.T)]  # the centre itself comes before all else
        roomy = np.flatnonzero(room >= np.quantile(room, 1.0 - _BEST_PART))
        k, j, i = (int(index) for index in candidates[rng.choice(roomy)])
        return k, j, i

    def _box(self, centre: tuple[int, int, int], half_mm: float) -> tuple[slice, slice, slice]:
        k, j, i = (
            slice(max(0, at - int(half_mm / step)), min(n, at + int(half_mm / step) + 1))
            for at, step, n in zip(centre, self._canvas.geometry.spacing[::-1], self._canvas.labels.shape, strict=True)
        )
        return k, j, i

    def _label_swelling(self, box: tuple[slice, slice, slice], mask: Mask, bone: np.uint8) -> None:
        """What swells out of a bone belongs to that bone."""
        labels = self._canvas.labels[box]
        own = label_table(LESION_ORGAN_LABELS[LesionOrgan.BONE])[labels]
        labels[mask & ~own] = bone


def _near(inside: Mask, radius: float, spacing: tuple[float, float, float]) -> Mask:
    """Voxels up to half a radius away from the bone: how far a lesion may push the lung away."""
    steps = max(1, round(0.5 * radius / spacing[0]))
    return ndimage.binary_dilation(inside, iterations=steps)


def _sphere(radius: float, spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Offsets (k, j, i) in voxels of the centre and 3 shells of 26 points."""
    ways = np.array([way for way in np.ndindex(3, 3, 3) if way != (1, 1, 1)], float) - 1.0
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    shells = np.concatenate([np.zeros((1, 3)), *(part * radius * ways for part in (0.4, 0.7, 1.0))])
    return shells / np.asarray(spacing[::-1])
