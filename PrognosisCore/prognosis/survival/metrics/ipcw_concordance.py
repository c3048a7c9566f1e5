"""Uno's concordance, which does not depend on how patients were censored."""

import numpy as np
from numpy.typing import ArrayLike

from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.concordance_pairs import ConcordancePairs
from prognosis.survival.outcomes import checked_outcome


def ipcw_concordance(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    censoring: Censoring,
    *,
    tau_days: float,
    weight: ArrayLike | None = None,
) -> float:
    """Uno's C: Harrell's, where a pair counts 1 / G(t-)^2, t being its event, and events from tau on do not count.

    Uno et al., Statistics in Medicine 2011;30:1105, equation 6. G is read just before t, for an event on a day comes
    before the censorings of that day; scikit-survival reads it after them, which differs only where an event of a
    test patient and a censoring of a training patient share a day. For many resamples use `ipcw_pairs`.

    Args:
        risk: (n,) a value per patient; higher means an earlier event. Ties count half.
        time: (n,) follow-up times in days.
        event: (n,) 1 where the event was seen.
        censoring: Of training patients.
        tau_days: Events before this time count.
        weight: (n,) how often each patient was drawn; once by default.

    Returns:
        The concordance; NaN when no pair is comparable.

    Raises:
        ValueError: Tau is beyond the training follow-up, lengths differ, a value is no finite number, a time or weight
            negative, an event neither 0 nor 1.
    """
    return ipcw_pairs(risk, time, event, censoring, tau_days=tau_days)(weight)


def ipcw_pairs(
    risk: ArrayLike, time: ArrayLike, event: ArrayLike, censoring: Censoring, *, tau_days: float
) -> ConcordancePairs:
    """Comparable pairs with Uno's weights; called with the weights of a resample it gives `ipcw_concordance`."""
    time, event = checked_outcome(time, event)
    censoring.require_known(tau_days, censoring.before(tau_days))
    early = event & (time < tau_days)
    counted = np.zeros(len(time))
    counted[early] = censoring.before(time[early]) ** -2
    return ConcordancePairs.of(risk, time, event, counted=counted)
