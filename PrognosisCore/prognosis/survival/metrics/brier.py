"""How far predicted survival is from what happened, squared."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.outcomes import checked_outcome, checked_weight

Array = NDArray[np.float64]


def brier_contributions(
    survival: ArrayLike, time: ArrayLike, event: ArrayLike, censoring: Censoring, at_days: ArrayLike
) -> Array:
    """What each patient adds to the Brier score at each time; the score is their mean, censored patients included.

    An event by t adds S(t)^2 / G(event's time -), follow-up beyond t adds (1 - S(t))^2 / G(t), a censoring by t adds 0:
    Graf et al., Statistics in Medicine 1999;18:2529. G is read just before an event (see `ipcw_concordance`).

    Args:
        survival: (n, m) predicted survival beyond each time.
        time: (n,) follow-up times in days.
        event: (n,) 1 where the event was seen.
        censoring: Of training patients.
        at_days: (m,) times.

    Returns:
        (n, m) contributions.

    Raises:
        ValueError: A time is beyond the training follow-up, lengths differ, a survival is not between 0 and 1, a time
            is negative or no finite number, an event neither 0 nor 1.
    """
    time, event = checked_outcome(time, event)
    survival, at_days = np.asarray(survival, float), np.asarray(at_days, float)
    if at_days.ndim != 1 or survival.shape != (len(time), len(at_days)):
        msg = f"survival of {len(time)} patients at times {at_days.shape} has shape {survival.shape}"
        raise ValueError(msg)
    if not ((survival >= 0) & (survival <= 1)).all():
        msg = "survival needs to be between 0 and 1"
        raise ValueError(msg)
    beyond = time[:, None] > at_days
    censoring.require_known(at_days, censoring.at(at_days))
    gone = event[:, None] & ~beyond
    of_gone = np.divide(1.0, censoring.before(time), out=np.zeros(len(time)), where=gone.any(axis=1))
    return np.where(gone, survival**2 * of_gone[:, None], 0) + np.where(
        beyond, (1 - survival) ** 2 / censoring.at(at_days), 0
    )


def brier(
    survival: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    censoring: Censoring,
    at_days: ArrayLike,
    *,
    weight: ArrayLike | None = None,
) -> Array:
    """Brier score at each time, 0 being perfect.

    For many resamples, average `brier_contributions`.

    Args:
        survival: (n, m) predicted survival beyond each time.
        time: (n,) follow-up times in days.
        event: (n,) 1 where the event was seen.
        censoring: Of training patients.
        at_days: (m,) times.
        weight: (n,) how often each patient was drawn; once by default.

    Returns:
        (m,) scores; NaN when nobody was drawn.

    Raises:
        ValueError: As `brier_contributions`, or a weight is negative or no finite number.
    """
    contributions = brier_contributions(survival, time, event, censoring, at_days)
    weight = checked_weight(weight, len(contributions))
    drawn = weight.sum()
    return weight @ contributions / drawn if drawn else np.full(contributions.shape[1], np.nan)


def integrated_brier(brier_at: ArrayLike, at_days: ArrayLike) -> float:
    """Mean of the Brier score over time, by the trapezoid rule.

    Args:
        brier_at: (m,) scores.
        at_days: (m,) increasing times, at least 2.

    Raises:
        ValueError: Lengths differ, there is one time only, or times do not increase.
    """
    brier_at, at_days = np.asarray(brier_at, float), np.asarray(at_days, float)
    if at_days.ndim != 1 or brier_at.shape != at_days.shape or len(at_days) < 2 or not (np.diff(at_days) > 0).all():
        msg = f"a score at each of 2 or more increasing times is needed, got {brier_at.shape} at {at_days.shape}"
        raise ValueError(msg)
    return float(np.trapezoid(brier_at, at_days) / (at_days[-1] - at_days[0]))
