"""How hot each voxel of a region is, beside the others outside the tumour."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from prognosis.biomarkers.following.options import HeatChoice
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError

TOP_PERCENTILE = 99.9
SMOOTHED_MM = 1.0
"""SD of the Gaussian; a registration is no finer."""


@dataclass(frozen=True)
class Hotness:
    """The heat of a region as it is judged.

    Args:
        share: (48, 96, 96) size of the heat as a part of its 99.9th percentile, zero or more.
        rank: (48, 96, 96) percentile among the voxels outside the tumour, 0 to 100; NaN in the tumour.
        hot: (48, 96, 96) booleans, the hottest percent outside the tumour; never where there is no heat.
        modalities: Whose heat it is.
    """

    share: NDArray[np.float32]
    rank: NDArray[np.float32]
    hot: NDArray[np.bool_]
    modalities: tuple[Modality, ...]


def judge_heat(
    heat: Mapping[Modality, NDArray[np.float32]],
    tumour: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    *,
    choice: HeatChoice,
    hot_percent: float,
) -> Hotness:
    """Rank the voxels of a region by the size of their heat, whatever its sign, smoothed by 1 mm.

    Args:
        heat: Modality -> values [k, j, i].
        tumour: Booleans [k, j, i].
        spacing: mm along i, j, k.
        choice: Whose heat.
        hot_percent: Percent of the voxels outside the tumour that are hot.

    Raises:
        InputError: The modality asked for has no heat, or no heat is anywhere.
    """
    modalities = choice.of(heat)
    shares = [heat_share(heat[modality], spacing) for modality in modalities]
    if not shares:
        raise InputError(f"The baseline has no heat of the {choice.value.upper()}.", remedy="Choose another --heat.")
    share = np.max(shares, axis=0)
    outside = ~tumour
    if not share[outside].any():
        raise InputError(
            "The baseline's heat is zero everywhere outside the tumour.",
            remedy="Choose another --heat, or score the patient again for another endpoint.",
        )
    values = share[outside]
    rank = np.full(share.shape, np.nan, np.float32)
    rank[outside] = 100.0 * (stats.rankdata(values) - 0.5) / len(values)
    hot = np.zeros(share.shape, np.bool_)
    hot[outside] = (values >= np.percentile(values, 100.0 - hot_percent)) & (values > 0)
    return Hotness(share, rank, hot, modalities)


def heat_share(values: NDArray[np.float32], spacing: tuple[float, float, float]) -> NDArray[np.float32]:
    """Size of heat [k, j, i], smoothed, as a part of its 99.9th percentile; all zero where there is no heat."""
    size = ndimage.gaussian_filter(np.abs(values), [SMOOTHED_MM / step for step in spacing[::-1]])
    top = float(np.percentile(size, TOP_PERCENTILE)) or float(size.max())
    share: NDArray[np.float32] = (size / top if top > 0 else np.zeros_like(size)).astype(np.float32)
    return share
