"""How likely a patient is still followed: what weights by inverse probability of censoring come from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.outcomes import checked_outcome

Array = NDArray[np.float64]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Censoring:
    """Kaplan-Meier curve G of not being censored, which is assumed to be independent of risk and outcome.

    Args:
        times_days: (m,) the distinct times of the patients it was fitted to, increasing; the last ends their follow-up.
        uncensored: (m,) G from that time on.
    """

    times_days: Array
    uncensored: Array

    @staticmethod
    def fit(time: ArrayLike, event: ArrayLike) -> "Censoring":
        """Estimate G from training patients.

        A censoring at the time of an event comes after it: who has the event is no longer there to be censored.

        Args:
            time: (n,) follow-up times.
            event: (n,) 1 where the event was seen.

        Raises:
            ValueError: Lengths differ, nobody is there, a time is negative or no finite number, an event neither 0
                nor 1.
        """
        time, event = checked_outcome(time, event)
        times, place, leaving = np.unique(time, return_inverse=True, return_counts=True)
        censored = np.bincount(place, ~event, minlength=len(times))
        followed = len(time) - np.cumsum(leaving) + censored
        stay = np.divide(followed - censored, followed, out=np.ones(len(times)), where=followed > 0)
        return Censoring(times, np.cumprod(stay))

    def at(self, days: ArrayLike) -> Array:
        """G(t), of the shape of `days`: not being censored up to and at t; the last value after `times_days`."""
        return self._read(days, "right")

    def before(self, days: ArrayLike) -> Array:
        """G(t-), of the shape of `days`: not being censored before t. What an event at t is weighted by."""
        return self._read(days, "left")

    def latest(self, least: float = 0.1) -> float:
        """Tau: the last of `times_days` at which G is at least `least`; 0 when there is none."""
        enough = np.flatnonzero(self.uncensored >= least * (1 - _ROUNDING))
        return float(self.times_days[enough[-1]]) if len(enough) else 0.0

    def require_known(self, days: ArrayLike, uncensored: ArrayLike) -> None:
        """Refuse times at which weights cannot be had.

        Args:
            days: Times that are judged.
            uncensored: G as it is used at these times.

        Raises:
            ValueError: A time is negative or after `times_days`, or nobody is followed so long.
        """
        days = np.atleast_1d(np.asarray(days, float))
        outside = days[~((days >= 0) & (days <= self.times_days[-1]))]
        if len(outside):
            msg = f"day {outside[0]:g} is not between 0 and the end of the training follow-up, {self.times_days[-1]:g}"
            raise ValueError(msg)
        alone = days[np.atleast_1d(np.asarray(uncensored)) <= 0]
        if len(alone):
            msg = f"no training patient is followed beyond day {alone[0]:g}, so that none can stand for the censored"
            raise ValueError(msg)

    def _read(self, days: ArrayLike, side: Literal["left", "right"]) -> Array:
        steps = np.concatenate([[1.0], self.uncensored])
        return steps[np.searchsorted(self.times_days, np.asarray(days, float), side=side)]
