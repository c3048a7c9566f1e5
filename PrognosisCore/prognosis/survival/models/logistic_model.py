"""A fitted logistic regression, whatever held its coefficients back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from prognosis.survival.outcomes import checked_weight

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

FEW_EVENTS_PER_FEATURE = 5.0


@dataclass(frozen=True)
class LogisticModel:
    """A fitted logistic regression.

    Args:
        coefficients: (p,) log odds ratios for a step of one.
        intercept: Log odds where all covariates are 0.
        events_per_feature: Patients with the rarer outcome, over p.
        penalty: Of the ridge; None for Firth's.
        low: (p,) lower bounds of 95 % intervals; None where they were not asked for.
        high: (p,) upper bounds.
    """

    coefficients: Vector
    intercept: float
    events_per_feature: float
    penalty: float | None = None
    low: Vector | None = None
    high: Vector | None = None

    def probability(self, x: Matrix) -> Vector:
        """(n, p) covariates -> (n,) probabilities of the event."""
        return expit(np.asarray(x, float) @ self.coefficients + self.intercept)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader of its numbers should know."""
        if self.events_per_feature >= FEW_EVENTS_PER_FEATURE:
            return ()
        return (
            f"only {self.events_per_feature:.1f} patients with the rarer outcome for each feature, fewer than "
            f"{FEW_EVENTS_PER_FEATURE:.0f}: the coefficients are uncertain and the probabilities may be far off",
        )


def events_per_feature(x: Matrix, label: NDArray[np.bool_]) -> float:
    return float(min(label.sum(), (~label).sum()) / x.shape[1])


def checked_design(x: Matrix, label: ArrayLike, weight: ArrayLike | None) -> tuple[Matrix, NDArray[np.bool_], Vector]:
    x, label = np.asarray(x, float), np.asarray(label, bool)
    if x.ndim != 2 or label.shape != x.shape[:1] or not x.shape[1] or not np.isfinite(x).all():
        msg = f"finite (n, p) covariates and (n,) labels are needed, got shapes {x.shape} and {label.shape}"
        raise ValueError(msg)
    weight = checked_weight(weight, len(x))
    used = weight > 0
    if len(np.unique(label[used])) < 2:
        msg = "a logistic regression needs patients with the event and patients without"
        raise ValueError(msg)
    return x[used], label[used], weight[used]
