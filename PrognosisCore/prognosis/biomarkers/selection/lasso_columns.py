"""Features laid side by side, and the search of all of them for those that may matter to a regression."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.selection.lasso_kernels import Indices, search

# Products of this many features with the residuals of a hundred regressions fit into a core's cache.
_FEATURES_AT_ONCE = 2048


@dataclass(frozen=True)
class Columns:
    """Features, each a row.

    Args:
        exact: (p, n) float32 or float64.
        coarse: (p, n) the same in float32.
        longest: The largest Euclidean length of a feature.
    """

    exact: NDArray[np.floating]
    coarse: NDArray[np.float32]
    longest: float

    @staticmethod
    def of(x: NDArray[np.floating]) -> "Columns":
        """Lay (n, p) features out.

        Raises:
            ValueError: They are no matrix of float32 or float64, or a value is no finite number.
        """
        if x.ndim != 2 or x.dtype not in (np.float32, np.float64):
            msg = f"features need to be a matrix of float32 or float64, got shape {x.shape} of {x.dtype}"
            raise ValueError(msg)
        exact = np.ascontiguousarray(x.T)
        longest = float(np.sqrt(np.einsum("pn,pn->p", exact, exact, dtype=np.float64).max(initial=0.0)))
        if not np.isfinite(longest):
            msg = "features need to be finite numbers"
            raise ValueError(msg)
        return Columns(exact, exact.astype(np.float32, copy=False), longest)

    def __len__(self) -> int:
        return self.exact.shape[0]

    @property
    def patients(self) -> int:
        return self.exact.shape[1]

    def reaching(self, residuals: NDArray[np.float64], bound: NDArray[np.float64]) -> list[Indices]:
        """The features whose product with residuals may reach a bound.

        Products are taken in single precision, so the bound is lowered by what they can be wrong by: with unit roundoff
        u, rounding both factors and summing n products errs by at most (n + 2) u / (1 - (n + 2) u) of the product of
        their lengths (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). What is not returned stays
        below the bound.

        Args:
            residuals: (t, n) of t regressions.
            bound: (t,) of each.

        Returns:
            Features of each of the t, ascending.
        """
        steps = (self.patients + 4) * np.finfo(np.float32).eps / 2
        wrong = steps / (1 - steps) * self.longest * np.linalg.norm(residuals, axis=1)
        threshold = np.nextafter((bound - wrong).astype(np.float32), np.float32(-np.inf))
        factors = np.ascontiguousarray(residuals.T, dtype=np.float32)
        found = np.empty((len(bound), len(self)), np.int32)
        count = np.zeros(len(bound), np.int64)
        products = np.empty((_FEATURES_AT_ONCE, len(bound)), np.float32)
        for first in range(0, len(self), _FEATURES_AT_ONCE):
            block = self.coarse[first : first + _FEATURES_AT_ONCE]
            search(np.matmul(block, factors, out=products[: len(block)]), threshold, first, found, count)
        return [features[:number].copy() for features, number in zip(found, count, strict=True)]

    def foremost(self, residual: NDArray[np.float64], number: int) -> Indices:
        """The features whose product with (n,) residuals is largest in size, ascending."""
        size = np.abs(self.coarse @ residual.astype(np.float32))
        if number >= len(size):
            return np.arange(len(size), dtype=np.int32)
        return np.sort(np.argpartition(size, -number)[-number:]).astype(np.int32)
