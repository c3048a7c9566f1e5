"""A figure with its interval, and the resamples of patients the interval comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; NaN where one could not be had."""

    value: float
    low: float
    high: float


def draw_patients(strata: ArrayLike, *, draws: int, seed: int) -> NDArray[np.float64]:
    """Resample patients with replacement within strata, as how often each is drawn.

    Args:
        strata: (n,) the fold of each patient; each keeps its size.
        draws: How many resamples.
        seed: Seed of the resamples.

    Returns:
        (draws, n) whole numbers.
    """
    strata = np.asarray(strata)
    generator = np.random.default_rng(seed)
    drawn = np.empty((draws, len(strata)))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        drawn[:, members] = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), size=draws)
    return drawn


def estimate(
    measure: Callable[[NDArray[np.float64]], float], draws: NDArray[np.float64]
) -> tuple[Estimate, NDArray[np.float64]]:
    """A measure of all patients, with the percentile interval of its resamples.

    Args:
        measure: (n,) weights of patients -> the figure; NaN where it cannot be had.
        draws: (b, n) from `draw_patients`; the same for everything that is compared.

    Returns:
        The estimate, and the (b,) resampled figures, for paired comparisons.
    """
    resampled = np.array([measure(weight) for weight in draws])
    return with_interval(measure(np.ones(draws.shape[1])), resampled), resampled


def with_interval(value: float, resampled: Sequence[float] | NDArray[np.float64]) -> Estimate:
    """Join a figure with the 2.5th and 97.5th percentile of its resamples, those that are NaN left out."""
    known = np.asarray(resampled, float)
    known = known[np.isfinite(known)]
    if not len(known):
        return Estimate(float(value), float("nan"), float("nan"))
    low, high = np.percentile(known, _INTERVAL)
    return Estimate(float(value), float(low), float(high))
