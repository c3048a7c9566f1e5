"""The common step of parallel planes of which some may be missing."""

import numpy as np
from numpy.typing import NDArray

_SAME_PLANE = 0.02
_OFF_STEP = 0.25


def distinct_planes(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the positions in ascending order; those closer than 0.02 (mm or slices) to the one before count once."""
    ordered = np.sort(positions)
    return ordered[np.concatenate([[True], np.diff(ordered) > _SAME_PLANE])]


def plane_numbers(planes: NDArray[np.float64], step: float) -> NDArray[np.int64] | None:
    """Number `distinct_planes` from 0 by a step; None when a distance is no whole number of steps (to a quarter)."""
    distances = np.diff(planes)
    counts = np.rint(distances / step)
    if np.any(counts < 1) or np.any(np.abs(distances - counts * step) > _OFF_STEP * step):
        return None
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def smallest_step(planes: NDArray[np.float64]) -> float | None:
    """Return the step of `distinct_planes`: their smallest distance, refined over the whole stack, if all fit it."""
    if len(planes) < 2:
        return None
    numbers = plane_numbers(planes, float(np.diff(planes).min()))
    if numbers is None:
        return None
    step = float((planes[-1] - planes[0]) / numbers[-1])
    return step if plane_numbers(planes, step) is not None else None
