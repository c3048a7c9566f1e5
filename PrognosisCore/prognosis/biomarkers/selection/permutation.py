"""What chance alone gives: t-tests of all features with the outcomes dealt anew to the patients.

All endpoints of a patient go together, so that what two endpoints share has its own chance. For all permutations at
once, sums and sums of squares of features over a group are matrix products. A p-value is read from the normal deviate
that belongs to a t: G. W. Hill, Algorithm 395, Communications of the ACM 13 (1970) 617, off by less than 1 part in 1000
of the p-value from 4 degrees of freedom on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from prognosis.biomarkers.selection.options import SIGNIFICANT
from prognosis.biomarkers.selection.standardising import Features, column_parts
from prognosis.progress import Progress, silent
from prognosis.survival.metrics.horizon import HorizonEndpoint

BINS = 20
"""Bins of a histogram of p-values: the first is p < 0.05."""
_FEATURES_AT_ONCE = 512
_EDGES = -ndtri(np.arange(BINS - 1, 0, -1) / BINS / 2).astype(np.float32)
"""Normal deviates of the p-values between bins, increasing."""

Counts = NDArray[np.int64]
Single = NDArray[np.floating]


@dataclass(frozen=True)
class TestCounts:
    """How many features of a modality have which p-values, for each of R labellings of the patients.

    Args:
        histogram: (R, endpoints, BINS) features by p-value.
        combinations: (R, 2 ** endpoints) features whose p is below 0.05 at exactly the endpoints of a bit pattern, the
            lowest bit being the first endpoint; features that are the same in all patients are in none.
    """

    histogram: Counts
    combinations: Counts

    def significant(self, endpoint: int) -> Counts:
        """(R,) features with p below 0.05 at an endpoint."""
        having = (np.arange(self.combinations.shape[1]) >> endpoint & 1).astype(np.bool_)
        return self.combinations[:, having].sum(axis=1)

    @property
    def everywhere(self) -> Counts:
        """(R,) features with p below 0.05 at all endpoints."""
        return self.combinations[:, -1]

    @property
    def anywhere(self) -> Counts:
        """(R,) features with p below 0.05 at any endpoint."""
        return self.combinations[:, 1:].sum(axis=1)


def count_p_values(p_values: Sequence[NDArray[np.float64]]) -> TestCounts:
    """Count the p-values of one labelling, R being 1.

    Args:
        p_values: (p,) of each endpoint; NaN where a feature could not be tested.
    """
    pattern = np.zeros(len(p_values[0]), np.int64)
    histogram = np.empty((1, len(p_values), BINS), np.int64)
    for number, values in enumerate(p_values):
        known = values[np.isfinite(values)]
        # The last bin holds 1.
        histogram[0, number] = np.bincount(np.minimum((known * BINS).astype(np.int64), BINS - 1), minlength=BINS)
        pattern |= (values < SIGNIFICANT).astype(np.int64) << number
    return TestCounts(histogram, np.bincount(pattern, minlength=1 << len(p_values))[None])


def permuted_orders(patients: int, permutations: int, *, seed: Sequence[int]) -> Counts:
    """(permutations, patients): whose outcomes each patient is dealt."""
    generator = np.random.default_rng(seed)
    return generator.permuted(np.tile(np.arange(patients), (permutations, 1)), axis=1)


def count_permuted(
    features: Features, labels: Sequence[HorizonEndpoint], orders: Counts, *, progress: Progress = silent
) -> TestCounts:
    """Test every feature at every endpoint with the outcomes of patients permuted.

    Args:
        features: (n, p), a row a patient.
        labels: Of each endpoint, n patients.
        orders: (R, n) from `permuted_orders`.
        progress: Told how many features are done.
    """
    rounds, p = len(orders), features.shape[1]
    groups = [_Groups.of(one, orders) for one in labels]
    histogram = np.zeros((rounds, len(labels), BINS), np.int64)
    combinations = np.zeros((rounds, 1 << len(labels)), np.int64)
    column = np.arange(rounds)[None, :]
    for part in column_parts(p, _FEATURES_AT_ONCE):
        values = _scaled(features[:, part])
        squares = values**2
        pattern = np.zeros((len(values), rounds), np.int64)
        for number, group in enumerate(groups):
            deviate = _deviates(values, squares, group)
            above = np.searchsorted(_EDGES, deviate, side="right")
            tested = ~np.isnan(deviate)
            cell = column * (BINS + 1) + np.where(tested, BINS - 1 - above, BINS)
            counted = np.bincount(cell.ravel(), minlength=rounds * (BINS + 1)).reshape(rounds, BINS + 1)
            histogram[:, number] += counted[:, :BINS]
            pattern |= (tested & (above == BINS - 1)).astype(np.int64) << number
        cell = column * combinations.shape[1] + pattern
        combinations += np.bincount(cell.ravel(), minlength=combinations.size).reshape(combinations.shape)
        progress("permutations", part.stop, p)
    return TestCounts(histogram, combinations)


@dataclass(frozen=True)
class _Groups:
    """Who is in which group of an endpoint: (n, R) 1 or 0, and how many patients that are in each permutation."""

    with_event: Single
    without: Single
    events: int
    event_free: int

    @staticmethod
    def of(known: HorizonEndpoint, orders: Counts) -> "_Groups":
        with_event = (known.complete & known.label)[orders].T.astype(np.float32)
        without = (known.complete & ~known.label)[orders].T.astype(np.float32)
        return _Groups(np.ascontiguousarray(with_event), np.ascontiguousarray(without), known.events, known.event_free)


def _scaled(features: Features) -> Single:
    """(features, n) in units of their spread, around the median.

    Most patients of a rarely active unit share the median, so that sums over them are 0 without rounding.
    """
    values = features.T.astype(np.float64)
    values -= np.median(values, axis=1, keepdims=True)
    spread = values.std(axis=1, keepdims=True)
    return np.divide(values, spread, out=np.zeros_like(values), where=spread > 0).astype(np.float32)


def _deviates(values: Single, squares: Single, group: _Groups) -> Single:
    """(features, R) normal deviates from 0 up whose two-sided p-values are those of Welch's t; NaN without a test."""
    mean_1, variance_1 = _mean_and_its_variance(values, squares, group.with_event, group.events)
    mean_0, variance_0 = _mean_and_its_variance(values, squares, group.without, group.event_free)
    both = variance_1 + variance_0
    with np.errstate(divide="ignore", invalid="ignore"):
        t_squared = (mean_1 - mean_0) ** 2 / both
        free = both**2 / (variance_1**2 / (group.events - 1) + variance_0**2 / (group.event_free - 1))
        # Where neither group varies but they differ, t is infinite and p is 0.
        free[both == 0] = group.events + group.event_free - 2
        t_squared = np.minimum(t_squared, np.float32(1e12))
    return _normal_deviate(t_squared, free)


def _mean_and_its_variance(values: Single, squares: Single, members: Single, count: int) -> tuple[Single, Single]:
    mean = values @ members
    mean /= count
    variance = squares @ members
    variance -= count * mean**2
    variance /= count * (count - 1)
    return mean, np.maximum(variance, 0.0, out=variance)


def _normal_deviate(t_squared: Single, free: Single) -> Single:
    half = free - np.float32(0.5)
    y = half * np.log1p(t_squared / free)
    series = ((-0.4 * y - 3.3) * y - 24.0) * y - 85.5
    series /= 0.8 * y * y + 100.0 + 48.0 * half * half
    return np.sqrt(y) * ((series + y + 3.0) / (48.0 * half * half) + 1.0)
