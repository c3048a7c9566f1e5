"""The kernel distance between two sets of features, without bias and with an interval."""

import numpy as np
from numpy.typing import NDArray

from prognosis.survival.estimate import Estimate, draw_patients, with_interval

_ROWS = 1024


def kernel_distance(
    ones: NDArray[np.float64],
    others: NDArray[np.float64],
    *,
    people: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    bootstraps: int = 1000,
    seed: int = 0,
) -> tuple[Estimate, NDArray[np.float64]]:
    """Squared maximum mean discrepancy, unbiased, with kernel (x.y / d + 1)^3 (Binkowski et al. 2018, section 4).

    Of 300 simulated pairs of sets of 100 the interval held the truth in 92 %; for sets of one origin in all, as it is
    wider there than it need be. Pairs of images of one person are left out of the means within a set, also where
    a resample holds the person twice.

    Args:
        ones: (n, d).
        others: (m, d).
        people: Whose image each is, (n,) and (m,) whole numbers; None where each shows another person.
        bootstraps: Resamples of people in both sets.
        seed: Of the resamples.

    Returns:
        The distance with its percentile interval, and the (bootstraps,) resampled distances.
    """
    whose = people or (np.arange(len(ones)), np.arange(len(others)))
    first, second = (_weights(numbers, bootstraps, seed=seed + place) for place, numbers in enumerate(whose))
    between = _summed(ones, others, first, second, None) / (first.sum(axis=1) * second.sum(axis=1))
    within = _mean_within(ones, whose[0], first) + _mean_within(others, whose[1], second)
    distances = within - 2 * between
    return with_interval(float(distances[0]), distances[1:]), distances[1:]


def _weights(people: NDArray[np.int64], bootstraps: int, *, seed: int) -> NDArray[np.float64]:
    """(1 + bootstraps, n): how often each image counts; once each in the first row."""
    _, number = np.unique(people, return_inverse=True)
    drawn = draw_patients(np.zeros(number.max() + 1), draws=bootstraps, seed=seed)
    return np.concatenate([np.ones((1, len(people))), drawn[:, number]])


def _mean_within(
    values: NDArray[np.float64], people: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean kernel over pairs of different people, for each row of weights; NaN where a resample holds one person."""
    _, number = np.unique(people, return_inverse=True)
    of_person = np.zeros((len(weights), number.max() + 1))
    np.add.at(of_person.T, number, weights.T)
    pairs = np.square(weights.sum(axis=1)) - np.square(of_person).sum(axis=1)
    total = _summed(values, values, weights, weights, number)
    return np.divide(total, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def _summed(
    ones: NDArray[np.float64],
    others: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    same: NDArray[np.int64] | None,
) -> NDArray[np.float64]:
    """Sum of kernels over all pairs times both weights, some rows at a time; pairs of one person left out by `same`."""
    total = np.zeros(len(first))
    for start in range(0, len(ones), _ROWS):
        rows = slice(start, start + _ROWS)
        kernel = (ones[rows] @ others.T / ones.shape[1] + 1) ** 3
        if same is not None:
            kernel[same[rows, None] == same] = 0
        total += ((second @ kernel.T) * first[:, rows]).sum(axis=1)
    return total
