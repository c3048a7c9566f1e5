"""How well a network's contour and a person's agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_PERCENTILE = 95


@dataclass(frozen=True)
class Agreement:
    """One predicted contour against the drawn one.

    Args:
        dice: 2 |A and B| / (|A| + |B|), 0 to 1.
        hausdorff_mm: The largest distance from one surface to the other; None where nothing was predicted.
        hausdorff95_mm: The 95th percentile of those distances, taken each way, the larger of the two; None where
            nothing was predicted.
    """

    dice: float
    hausdorff_mm: float | None
    hausdorff95_mm: float | None

    @property
    def empty(self) -> bool:
        """Whether nothing was predicted; such a prediction has a Dice of 0 and no distance."""
        return self.hausdorff_mm is None


def compare_contours(predicted: NDArray[np.bool_], drawn: NDArray[np.bool_], spacing_mm: Sequence[float]) -> Agreement:
    """Dice and Hausdorff distances of two masks.

    A surface is the voxels of a mask that touch what is outside of it across a face; the border of the array counts
    as outside. Distances run between voxel centres.

    Args:
        predicted, drawn: Booleans [k, j, i] of one shape; `drawn` holds a voxel at least.
        spacing_mm: Distance between voxels along k, j, i.

    Raises:
        ValueError: The shapes differ, or nothing is drawn.
    """
    if predicted.shape != drawn.shape or not drawn.any():
        msg = f"needs two masks of one shape with something drawn, got {predicted.shape} and {drawn.shape}"
        raise ValueError(msg)
    if not predicted.any():
        return Agreement(0.0, None, None)
    both = np.count_nonzero(predicted & drawn)
    dice = 2 * both / (np.count_nonzero(predicted) + np.count_nonzero(drawn))
    box = _bounding_box(predicted | drawn)
    first, second = _surface(predicted[box]), _surface(drawn[box])
    each_way = (_distances(first, second, spacing_mm), _distances(second, first, spacing_mm))
    return Agreement(
        dice=float(dice),
        hausdorff_mm=float(max(distances.max() for distances in each_way)),
        hausdorff95_mm=float(max(np.percentile(distances, _PERCENTILE) for distances in each_way)),
    )


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    box: tuple[slice, ...] = ndimage.find_objects(mask.astype(np.uint8))[0]
    return box


def _surface(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask & ~ndimage.binary_erosion(mask)


def _distances(start: NDArray[np.bool_], end: NDArray[np.bool_], spacing_mm: Sequence[float]) -> NDArray[np.float64]:
    """Distance of each voxel of one surface to the nearest of the other, in mm."""
    away = ndimage.distance_transform_edt(~end, sampling=spacing_mm)
    return np.asarray(away)[start]
