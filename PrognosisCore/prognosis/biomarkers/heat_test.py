"""Whether a heat map is hotter at a known place around the tumour than chance would have it.

Chance is the place itself, rotated about the tumour: copies keep its shape, its distance from the tumour's surface and
the tissue it lies in, and leave out what the tumour covers. A place is hit when its mean heat is above the 95th
percentile of its copies. So a map that only knows where the tumour is, or where lung is, hits no more often than
chance, which is one in twenty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.biomarkers.rotated_copies import Mask, rotated_copies, same_tissue
from prognosis.errors import InputError

__all__ = [
    "HeatTest",
    "Statistic",
    "heat_test",
    "heat_tests",
    "rotated_copies",
    "same_tissue",
    "tissue_classes",
    "tumour_centre",
    "tumour_distance_map",
]

ROTATIONS = 200
HIT_PERCENTILE = 95.0
LEAST_ROTATIONS = 40
"""Fewer copies than these give no verdict."""

_LUNG_BELOW_HU, _AIR_BELOW_HU, _AIR_WIDTH_VOXELS = -300.0, -950.0, 5
_DECAY_MM = 20.0


class Statistic(StrEnum):
    """What of a heat map counts."""

    MAGNITUDE = "magnitude"
    POSITIVE = "positive"

    def of(self, heat: NDArray) -> NDArray[np.float64]:
        """What counts of each voxel, zero or more."""
        values = np.asarray(heat, float)
        return np.abs(values) if self is Statistic.MAGNITUDE else np.maximum(values, 0.0)


@dataclass(frozen=True)
class HeatTest:
    """What a heat map does at a place against its rotated copies.

    Args:
        region_mean: Mean heat of the place.
        chance_mean: Mean over the copies of their mean heat; NaN without copies.
        percentile: Part of the copies below the place, ties counted half, 0 to 100; NaN without copies.
        hit: Whether the place is above the 95th percentile of the copies; never where it is not decided.
        rotations: How many copies could be placed.
        flags: What the reader should know, in words.
    """

    region_mean: float
    chance_mean: float
    percentile: float
    hit: bool
    rotations: int
    flags: tuple[str, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether there were enough copies for a verdict."""
        return self.rotations >= LEAST_ROTATIONS


def heat_test(
    heat: NDArray,
    region: Mask,
    tumour: Mask,
    tissue: NDArray[np.integer],
    *,
    spacing: tuple[float, float, float],
    statistic: Statistic = Statistic.MAGNITUDE,
    rotations: int = ROTATIONS,
    seed: int = 0,
) -> HeatTest:
    """Test one heat map at a place; see `heat_tests`."""
    return heat_tests(
        {"heat": heat}, region, tumour, tissue, spacing=spacing, statistic=statistic, rotations=rotations, seed=seed
    )["heat"]


def heat_tests(
    heats: Mapping[str, NDArray],
    region: Mask,
    tumour: Mask,
    tissue: NDArray[np.integer],
    *,
    spacing: tuple[float, float, float],
    statistic: Statistic = Statistic.MAGNITUDE,
    rotations: int = ROTATIONS,
    seed: int = 0,
) -> dict[str, HeatTest]:
    """Test several heat maps at the same place against the same copies of it.

    Args:
        heats: Name -> values [k, j, i].
        region: The place; voxels of the tumour are left out of it.
        tumour: Voxels of the tumour, at least one.
        tissue: Tissue of each voxel as an integer, such as from `tissue_classes`. Copies lie in the tissue that is
            commonest around the place.
        spacing: mm along i, j, k.
        statistic: What counts as heat.
        rotations: How many copies make chance.
        seed: Of the copies.

    Returns:
        Name -> result.

    Raises:
        InputError: Shapes differ, there is no tumour or no place outside it, or a heat is not finite.
    """
    place = _checked_place(heats, region, tumour, tissue)
    distance = ndimage.distance_transform_edt(~tumour, sampling=spacing[::-1])
    allowed = same_tissue(place, tumour, tissue)
    counted = {name: statistic.of(heat).ravel() for name, heat in heats.items()}
    chance: dict[str, list[float]] = {name: [] for name in heats}
    for copy in rotated_copies(place, tumour_centre(tumour), spacing, allowed, rotations, seed, distance=distance):
        voxels = np.flatnonzero(copy & ~tumour)
        for name, values in counted.items():
            chance[name].append(float(values[voxels].mean()))
    flags = _flags(len(next(iter(chance.values()), [])), rotations, region, tumour)
    inside = np.flatnonzero(place)
    return {
        name: _compared(float(values[inside].mean()), np.array(chance[name]), flags) for name, values in counted.items()
    }


def tissue_classes(ct: NDArray) -> NDArray[np.int8]:
    """Tissue by Hounsfield units [k, j, i]: 1 lung (below -300), 2 air outside the body, 0 everything else."""
    hu = np.asarray(ct, np.float32)
    classes = (hu < _LUNG_BELOW_HU).astype(np.int8)
    classes[ndimage.uniform_filter(hu, _AIR_WIDTH_VOXELS) < _AIR_BELOW_HU] = 2
    return classes


def tumour_centre(tumour: Mask) -> tuple[float, float, float]:
    """Centre of mass as an index (i, j, k)."""
    k, j, i = (float(axis.mean()) for axis in np.nonzero(tumour))
    return i, j, k


def tumour_distance_map(tumour: Mask, spacing: tuple[float, float, float]) -> NDArray[np.float32]:
    """A heat that knows nothing but the tumour's place, and which therefore must fail the test.

    Args:
        tumour: Booleans [k, j, i].
        spacing: mm along i, j, k.

    Returns:
        1 in the tumour, falling with the distance from it.
    """
    distance = ndimage.distance_transform_edt(~tumour, sampling=spacing[::-1])
    closeness: NDArray[np.float32] = np.exp(-distance / _DECAY_MM).astype(np.float32)
    return closeness


def _compared(at_place: float, chance: NDArray[np.float64], flags: tuple[str, ...]) -> HeatTest:
    if not len(chance):
        return HeatTest(at_place, float("nan"), float("nan"), False, 0, flags)
    below = float(np.mean(chance < at_place) + 0.5 * np.mean(chance == at_place))
    hit = len(chance) >= LEAST_ROTATIONS and at_place > float(np.percentile(chance, HIT_PERCENTILE))
    return HeatTest(at_place, float(chance.mean()), 100.0 * below, hit, len(chance), flags)


def _checked_place(heats: Mapping[str, NDArray], region: Mask, tumour: Mask, tissue: NDArray[np.integer]) -> Mask:
    shapes = {array.shape for array in (*heats.values(), region, tumour, tissue)}
    if len(shapes) > 1:
        raise InputError(
            f"Heat, place, tumour and tissue differ in shape: {', '.join(map(str, sorted(shapes)))}.",
            remedy="Bring all onto the region's lattice first.",
        )
    if not all(np.isfinite(heat).all() for heat in heats.values()):
        raise InputError("The heat map holds values that are no numbers.", remedy="Compute it anew.")
    place: Mask = region & ~tumour
    if not tumour.any() or not place.any():
        raise InputError(
            "The heat test needs a tumour, and a place that the tumour does not cover.",
            remedy="Check contour and place.",
        )
    return place


def _flags(placed: int, wanted: int, region: Mask, tumour: Mask) -> tuple[str, ...]:
    flags = []
    if placed < wanted:
        flags.append(f"only {placed} of {wanted} rotated copies fit into the same tissue")
    if placed < LEAST_ROTATIONS:
        flags.append("too few copies for a verdict")
    covered = np.count_nonzero(region & tumour) / np.count_nonzero(region)
    if covered > 0:
        flags.append(f"the tumour covers {covered:.0%} of the place, which was left out")
    return tuple(flags)
