"""Whether a recurrence lies where the baseline was hot, more than chance would have it.

Chance is the recurrence itself, rotated about the baseline's tumour: its copies keep shape, distance from the tumour
and tissue. The p value is the part of the copies, the recurrence counted among them, that reach at least its figure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.biomarkers.following.hotness import Hotness
from prognosis.biomarkers.following.options import LEAST_ROTATIONS
from prognosis.biomarkers.heat_test import rotated_copies, same_tissue, tissue_classes, tumour_centre
from prognosis.progress import Progress, silent

Mask = NDArray[np.bool_]
_BAND = (2.5, 97.5)


@dataclass(frozen=True)
class AgainstChance:
    """A figure of the recurrence beside its rotated copies.

    Args:
        value: Of the recurrence.
        chance_mean, chance_low, chance_high: Mean and central 95 % of the copies; None with too few.
        p: (1 + copies at least as large) / (1 + copies); None with too few.
    """

    value: float
    chance_mean: float | None
    chance_low: float | None
    chance_high: float | None
    p: float | None


@dataclass(frozen=True)
class Overlap:
    """Heat and recurrence together.

    Args:
        hot_share: Part of the recurrence that is hot, 0 to 1: the figure declared first.
        heat_percentile: Mean percentile of heat inside it, 0 to 100; 50 is the region's mean.
        dice: Of hot voxels with it, 0 to 1.
        voxels: Of the recurrence, inside the region and outside the baseline's tumour.
        hot_voxels: Of the region outside the tumour.
        rotations: How many copies could be placed.
        flags: What the reader should know, in words.
    """

    hot_share: AgainstChance
    heat_percentile: AgainstChance
    dice: AgainstChance
    voxels: int
    hot_voxels: int
    rotations: int
    flags: tuple[str, ...] = ()


def judge_overlap(
    hotness: Hotness,
    recurrence: Mask,
    tumour: Mask,
    ct: NDArray[np.float32],
    spacing: tuple[float, float, float],
    *,
    rotations: int,
    seed: int,
    progress: Progress = silent,
) -> Overlap:
    """Compare heat inside a recurrence with heat inside its rotated copies.

    Args:
        hotness: Of the region.
        recurrence: Booleans [k, j, i] on the region's lattice, at least one outside the tumour.
        tumour: Booleans [k, j, i], at least one.
        ct: Hounsfield units [k, j, i] of the baseline, which tell the tissue.
        spacing: mm along i, j, k.
        rotations: How many copies make chance.
        seed: Of the rotations.
        progress: Told now and then.
    """
    place = recurrence & ~tumour
    distance = ndimage.distance_transform_edt(~tumour, sampling=spacing[::-1])
    allowed = same_tissue(place, tumour, tissue_classes(ct))
    chance = []
    for copy in rotated_copies(place, tumour_centre(tumour), spacing, allowed, rotations, seed, distance=distance):
        chance.append(_figures(hotness, copy & ~tumour))
        if len(chance) % 50 == 0:
            progress("rotating the recurrence", len(chance), rotations)
    of_copies = np.array(chance, float).reshape(-1, 3)
    hot_share, heat_percentile, dice = (
        _compared(value, of_copies[:, column]) for column, value in enumerate(_figures(hotness, place))
    )
    return Overlap(
        hot_share=hot_share,
        heat_percentile=heat_percentile,
        dice=dice,
        voxels=int(np.count_nonzero(place)),
        hot_voxels=int(np.count_nonzero(hotness.hot)),
        rotations=len(of_copies),
        flags=_flags(len(of_copies), rotations),
    )


def _figures(hotness: Hotness, place: Mask) -> tuple[float, float, float]:
    """Share that is hot, mean percentile, Dice."""
    voxels = np.flatnonzero(place)
    hot = int(np.count_nonzero(hotness.hot.ravel()[voxels]))
    dice = 2.0 * hot / (len(voxels) + int(np.count_nonzero(hotness.hot)))
    return hot / len(voxels), float(hotness.rank.ravel()[voxels].mean()), dice


def _compared(value: float, chance: NDArray[np.float64]) -> AgainstChance:
    if len(chance) < LEAST_ROTATIONS:
        return AgainstChance(value, None, None, None, None)
    low, high = (float(bound) for bound in np.percentile(chance, _BAND))
    # Sums over other voxels round otherwise: what differs by less is as large.
    at_least = int(np.count_nonzero(chance >= value - 1e-9 * max(1.0, abs(value))))
    return AgainstChance(value, float(chance.mean()), low, high, (1 + at_least) / (1 + len(chance)))


def _flags(placed: int, wanted: int) -> tuple[str, ...]:
    if placed < LEAST_ROTATIONS:
        return (
            f"only {placed} of {wanted} rotated copies of the recurrence fit into the region and the same tissue: too "
            "few to judge against chance",
        )
    if placed < wanted:
        return (f"only {placed} of {wanted} rotated copies of the recurrence fit into the region and the same tissue",)
    return ()
