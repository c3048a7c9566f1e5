"""Cumulative incidence where patients may meet another event first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.outcomes import checked_outcome

Array = NDArray[np.float64]

_NORMAL_975 = 1.959963984540054


@dataclass(frozen=True)
class Incidence:
    """How many have met one cause by each time, the other causes taking their share.

    Args:
        cause: Its number.
        times_days: (m,) increasing, the first is 0.
        incidence: (m,) from that time on.
        low: (m,) lower bounds of the pointwise 95 % interval (log-log).
        high: (m,) upper bounds.
        events: How many events of the cause were seen.
    """

    cause: int
    times_days: Array
    incidence: Array
    low: Array
    high: Array
    events: int


def aalen_johansen(time: ArrayLike, cause: ArrayLike) -> tuple[Incidence, ...]:
    """Cumulative incidence of each cause by Aalen and Johansen, tied times as they are.

    The variance is the delta method's (Dinse and Larson, Biometrika 1986, 73:379-386, equation 6): Greenwood's where
    there is one cause, the binomial's without censoring.

    Args:
        time: (n,) days.
        cause: (n,) whole numbers: 0 censored, else what was met. A censoring at the time of an event comes after it.

    Returns:
        A curve for each cause that was met, by its number; together with survival they add up to 1.

    Raises:
        ValueError: Lengths differ, nobody is there, a time is negative or no finite number, or a cause is negative.
    """
    cause = np.asarray(cause, np.int64)
    time, _ = checked_outcome(time, cause != 0)
    if (cause < 0).any():
        msg = "causes are numbered from 1 on, and 0 where the patient was censored"
        raise ValueError(msg)
    times = np.unique(np.append(0.0, time))
    at_risk = len(time) - np.searchsorted(np.sort(time), times, side="left")
    all_events = _counts(time[cause > 0], times)
    survival = np.cumprod(1 - all_events / at_risk)
    before = np.append(1.0, survival[:-1])
    curves = []
    for number in np.unique(cause[cause > 0]):
        events = _counts(time[cause == number], times)
        incidence = np.cumsum(before * events / at_risk)
        low, high = _interval(incidence, _variance(incidence, before, events, all_events, at_risk))
        curves.append(Incidence(int(number), times, incidence, low, high, int(events.sum())))
    return tuple(curves)


def _counts(time: Array, times: Array) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(times, time), minlength=len(times))


def _variance(
    incidence: Array,
    before: Array,
    events: NDArray[np.int64],
    all_events: NDArray[np.int64],
    at_risk: NDArray[np.int64],
) -> Array:
    """Sum over times s <= t of what each step adds, (I(t) - I(s)) squared being multiplied out."""
    # Where all at risk have an event, I(t) no longer moves and its term is zero.
    staying = at_risk - all_events
    greenwood = np.divide(all_events, at_risk * staying, out=np.zeros(len(at_risk)), where=staying > 0)
    own = before**2 * events * (at_risk - events) / at_risk.astype(float) ** 3
    shared = before * events / at_risk.astype(float) ** 2
    squared = (
        incidence**2 * np.cumsum(greenwood)
        - 2 * incidence * np.cumsum(incidence * greenwood)
        + np.cumsum(incidence**2 * greenwood)
    )
    crossed = incidence * np.cumsum(shared) - np.cumsum(incidence * shared)
    return np.maximum(squared + np.cumsum(own) - 2 * crossed, 0.0)


def _interval(incidence: Array, variance: Array) -> tuple[Array, Array]:
    inside = (incidence > 0) & (incidence < 1)
    logarithm = np.log(incidence[inside])
    spread = np.exp(_NORMAL_975 * np.sqrt(variance[inside]) / (incidence[inside] * -logarithm))
    low, high = incidence.copy(), incidence.copy()
    low[inside], high[inside] = incidence[inside] ** spread, incidence[inside] ** (1 / spread)
    return low, high
