"""From a risk to a survival curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DAYS_PER_YEAR = 365.25
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class Calibration:
    """What turns a patient's risk into survival: S(t) = exp(-H0(t) exp(slope (risk - mean_risk))).

    Args:
        slope: Cox coefficient of the risk, fitted to out-of-fold or validation risks.
        mean_risk: Mean of those risks.
        times_days: (m,) increasing times at which the baseline hazard steps up; the last is the end of follow-up.
        cumulative_hazard: (m,) Breslow's cumulative baseline hazard at the mean risk.
    """

    slope: float
    mean_risk: float
    times_days: NDArray[np.float64]
    cumulative_hazard: NDArray[np.float64]

    def survival(self, risk: float) -> NDArray[np.float64]:
        """(m,) probability of surviving beyond each of `times_days`."""
        return self.survival_of([risk], self.times_days)[0]

    def survival_of(self, risk: ArrayLike, days: ArrayLike) -> NDArray[np.float64]:
        """(n, m) survival of n risks at m times; NaN beyond the training follow-up."""
        days = np.asarray(days, float)
        steps = np.concatenate([[0.0], self.cumulative_hazard])
        hazard = steps[np.searchsorted(self.times_days, days, side="right")]
        hazard = np.where(days > self.times_days[-1], np.nan, hazard)
        log_relative = self.slope * (np.asarray(risk, float) - self.mean_risk)
        return np.exp(-np.outer(np.exp(np.minimum(log_relative, _LARGEST_EXPONENT)), hazard))

    def survival_at(self, risk: float, time_days: float) -> float | None:
        """Survival at one time; None beyond the training follow-up."""
        if time_days > self.times_days[-1]:
            return None
        steps = int(np.searchsorted(self.times_days, time_days, side="right"))
        return float(self.survival(risk)[steps - 1]) if steps else 1.0
