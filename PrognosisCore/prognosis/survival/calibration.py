"""From a risk to a survival curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DAYS_PER_YEAR = 365.25


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
        return np.exp(-self.cumulative_hazard * np.exp(self.slope * (risk - self.mean_risk)))

    def survival_of(self, risk: ArrayLike, days: ArrayLike) -> NDArray[np.float64]:
        """(n, m) survival of n risks at m times; NaN beyond the training follow-up."""
        days = np.asarray(days, float)
        steps = np.concatenate([[0.0], self.cumulative_hazard])
        hazard = steps[np.searchsorted(self.times_days, days, side="right")]
        hazard = np.where(days > self.times_days[-1], np.nan, hazard)
        relative = np.exp(self.slope * (np.asarray(risk, float) - self.mean_risk))
        return np.exp(-np.outer(relative, hazard))

    def survival_at(self, risk: float, time_days: float) -> float | None:
        """Survival at one time; None beyond the training follow-up."""
        if time_days > self.times_days[-1]:
            return None
        steps = int(np.searchsorted(self.times_days, time_days, side="right"))
        return float(self.survival(risk)[steps - 1]) if steps else 1.0


def calibrate(risk: ArrayLike, time_days: ArrayLike, event: ArrayLike) -> Calibration:
    """Fit slope and Breslow baseline to risks of patients that did not train the model.

    Args:
        risk: (n,) out-of-fold or validation risks, averaged over annotations.
        time_days: (n,) follow-up times in days.
        event: (n,) 1 where the event was seen.

    Raises:
        ValueError: The risks are constant.
    """
    import pandas as pd
    from lifelines import CoxPHFitter

    risk = np.asarray(risk, float)
    if np.ptp(risk) == 0:
        msg = "calibrate needs risks that differ"
        raise ValueError(msg)
    # In units of its own spread, or lifelines takes a small risk for a constant.
    spread = float(risk.std())
    table = pd.DataFrame(
        {"risk": (risk - risk.mean()) / spread, "time": np.asarray(time_days, float), "event": np.asarray(event, int)}
    )
    fitted = CoxPHFitter().fit(table, "time", "event")
    baseline = fitted.baseline_cumulative_hazard_["baseline cumulative hazard"]
    return Calibration(
        slope=float(fitted.params_["risk"]) / spread,
        mean_risk=float(risk.mean()),
        times_days=baseline.index.to_numpy(float),
        cumulative_hazard=baseline.to_numpy(float),
    )
