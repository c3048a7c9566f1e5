"""Statistics of intensities and of their histogram (IBSI chapters 3.3 and 3.4)."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def _moment(values: Values, order: int) -> float:
    """The central moment over the standard deviation's power; NaN for a constant."""
    spread = float(values.std())
    return float(((values - values.mean()) ** order).mean() / spread**order) if spread > 0 else np.nan


def _interquartile_range(values: Values) -> float:
    low, high = np.percentile(values, [25, 75])
    return float(high - low)


STATISTICS: Mapping[str, Callable[[Values], float]] = {
    "mean": lambda values: float(values.mean()),
    "variance": lambda values: float(values.var()),
    "skewness": lambda values: _moment(values, 3),
    "kurtosis": lambda values: _moment(values, 4) - 3.0,
    "median": lambda values: float(np.median(values)),
    "minimum": lambda values: float(values.min()),
    "maximum": lambda values: float(values.max()),
    "interquartile_range": _interquartile_range,
    "mean_absolute_deviation": lambda values: float(np.abs(values - values.mean()).mean()),
    "root_mean_square": lambda values: float(np.sqrt((values**2).mean())),
    "energy": lambda values: float((values**2).sum()),
}
"""Of a tumour's values in HU or SUV: Q4LE, ECT3, KE2A, IPH6 (excess), Y12H, 1GSF, 84IY, SALO, 4FUA, 5ZWQ, N8CA."""


def _shares(levels: Values) -> Values:
    counts = np.bincount(levels.astype(np.int64))
    return counts[counts > 0] / levels.size


def entropy(shares: Values) -> float:
    """In bits; shares that are zero add nothing."""
    some = shares[shares > 0]
    return float(-(some * np.log2(some)).sum())


HISTOGRAM: Mapping[str, Callable[[Values], float]] = {
    "entropy": lambda levels: entropy(_shares(levels)),
    "uniformity": lambda levels: float((_shares(levels) ** 2).sum()),
}
"""Of a tumour's grey levels: TLU2, BJ5W."""
