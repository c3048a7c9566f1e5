"""From risks of patients who did not train the model to a survival curve."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.calibration import Calibration
from prognosis.survival.models.cox_model import RiskSets, informative_columns, separating_columns
from prognosis.survival.outcomes import checked_outcome, checked_risk, checked_weight

_PENALTY_OF_PERFECT_ORDER = 1.0


def calibrate(risk: ArrayLike, time_days: ArrayLike, event: ArrayLike, *, forwards: bool = False) -> Calibration:
    """Fit slope and Breslow baseline to risks of patients that did not train the model; ties in time by Breslow.

    Risks that order nobody give slope 0 and the curve of everybody. Of an order without fault, whose slope would be
    infinite, a small ridge penalty keeps it finite.

    Args:
        risk: (n,) out-of-fold or validation risks, averaged over annotations.
        time_days: (n,) follow-up times in days.
        event: (n,) 1 where the event was seen.
        forwards: Take a slope below 0 for 0, so that a higher risk never predicts longer survival.

    Raises:
        ValueError: Lengths differ, a value is not as said, or there is no event.
    """
    time, event = checked_outcome(time_days, event)
    risk = checked_risk(risk, len(time))
    if not event.any():
        msg = "calibrate needs at least one event"
        raise ValueError(msg)
    slope = cox_slope(risk, time, event)
    if np.isnan(slope):
        slope = _slope_of_perfect_order(risk, time, event)
    if forwards:
        slope = max(slope, 0.0)
    mean = float(risk.mean())
    times, hazard = _breslow(slope * (risk - mean), time, event)
    return Calibration(slope=slope, mean_risk=mean, times_days=times, cumulative_hazard=hazard)


def cox_slope(risk: ArrayLike, time: ArrayLike, event: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Cox coefficient of a risk, ties in time by Breslow.

    Args:
        risk: (n,) finite.
        time: (n,) follow-up.
        event: (n,) 1 where the event was seen.
        weight: (n,) how often each patient counts.

    Returns:
        The coefficient; NaN where it does not exist: no event, one risk among all at risk, or an order without fault.

    Raises:
        ValueError: Lengths differ, or a value is not as said.
    """
    time, event = checked_outcome(time, event)
    risk, weight = checked_risk(risk, len(time)), checked_weight(weight, len(time))
    used = weight > 0
    risk, time, event, weight = risk[used], time[used], event[used], weight[used]
    if not event.any():
        return float("nan")
    # A unit of the risk's own spread keeps Newton's steps small whatever the model's scale.
    spread = float(risk.std())
    if spread <= np.finfo(float).eps * float(np.abs(risk).max()):
        return float("nan")
    column = ((risk - risk.mean()) / spread)[:, None]
    if not informative_columns(column, time, event)[0] or len(separating_columns(column, time, event)):
        return float("nan")
    return float(RiskSets.of(column, time, event, weight).fit(0.0)[0]) / spread


def _slope_of_perfect_order(risk: NDArray[np.float64], time: NDArray[np.float64], event: NDArray[np.bool_]) -> float:
    """The slope where `cox_slope` has none: 0 where risks order nobody."""
    spread = float(risk.std())
    if spread <= np.finfo(float).eps * float(np.abs(risk).max()):
        return 0.0
    column = ((risk - risk.mean()) / spread)[:, None]
    return float(RiskSets.of(column, time, event).fit(_PENALTY_OF_PERFECT_ORDER)[0]) / spread


def _breslow(
    log_relative: NDArray[np.float64], time: NDArray[np.float64], event: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distinct times and the cumulative baseline hazard at each."""
    times, place = np.unique(time, return_inverse=True)
    largest = float(log_relative.max())
    at_time = np.bincount(place, np.exp(log_relative - largest))
    at_risk = np.cumsum(at_time[::-1])[::-1]
    events = np.bincount(place, event)
    with np.errstate(divide="ignore"):
        step = np.where(events > 0, events * np.exp(-largest) / at_risk, 0.0)
    return times, np.cumsum(step)
