"""Survival and follow-up by Kaplan and Meier."""

import numpy as np
from lifelines import KaplanMeierFitter
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.curves import Curve
from prognosis.survival.estimate import Estimate
from prognosis.survival.outcomes import checked_outcome


def kaplan_meier(time: ArrayLike, event: ArrayLike) -> Curve:
    """Estimate survival with a pointwise 95 % log-log interval.

    Args:
        time: (n,) days.
        event: (n,) 1 where the event was seen. A censoring at the time of an event comes after it.

    Returns:
        The curve, a step at every distinct time; the first time is 0.

    Raises:
        ValueError: Lengths differ, nobody is there, a time is negative or no finite number, an event neither 0 nor 1.
    """
    time, event = checked_outcome(time, event)
    fitted = KaplanMeierFitter().fit(time, event)
    low, high = fitted.confidence_interval_survival_function_.to_numpy(float).T
    return Curve(
        times_days=fitted.survival_function_.index.to_numpy(float),
        survival=fitted.survival_function_.to_numpy(float)[:, 0],
        low=low,
        high=high,
        at_risk=fitted.event_table["at_risk"].to_numpy(np.int64),
        patients=len(time),
        events=int(event.sum()),
    )


def survival_at(curve: Curve, days: ArrayLike) -> NDArray[np.float64]:
    """Survival beyond given times.

    Args:
        curve: From `kaplan_meier`.
        days: Times, 0 or later, of any shape.

    Returns:
        Survival, of the same shape; NaN after the last patient's follow-up, unless all had the event by then.

    Raises:
        ValueError: A time is negative.
    """
    return _read(curve, curve.survival, days)


def estimate_at(curve: Curve, days: float) -> Estimate:
    """Survival beyond one time with its interval.

    NaN as in `survival_at`; the interval also where survival is 0 or 1, of which the log-log method cannot say how sure
    that is.
    """
    value, low, high = (float(_read(curve, values, days)) for values in (curve.survival, curve.low, curve.high))
    return Estimate(value, low, high) if 0 < value < 1 else Estimate(value, float("nan"), float("nan"))


def median_follow_up(time: ArrayLike, event: ArrayLike) -> float:
    """Median follow-up in days by reverse Kaplan-Meier, in which censoring is what one waits for.

    Schemper and Smith, Controlled Clinical Trials 1996, 17:343-346.

    Args:
        time: (n,) days.
        event: (n,) 1 where the event was seen.

    Returns:
        The first time by which half the patients would have been censored, had none had the event; NaN where that is
        never.

    Raises:
        ValueError: Lengths differ, nobody is there, a time is negative or no finite number, an event neither 0 nor 1.
    """
    time, event = checked_outcome(time, event)
    median = float(KaplanMeierFitter().fit(time, ~event).median_survival_time_)
    return median if np.isfinite(median) else float("nan")


def _read(curve: Curve, values: NDArray[np.float64], days: ArrayLike) -> NDArray[np.float64]:
    days = np.asarray(days, float)
    if (days < 0).any():
        msg = "survival is known from time 0 on"
        raise ValueError(msg)
    step = np.searchsorted(curve.times_days, days, side="right") - 1
    known = (days <= curve.times_days[-1]) | (curve.survival[-1] == 0)
    return np.where(known, values[step], np.nan)
