"""Harrell's concordance, within strata and with a bootstrap interval by patient."""

import numpy as np
from numpy.typing import ArrayLike

from prognosis.survival.estimate import Estimate, draw_patients, estimate
from prognosis.survival.metrics.concordance_pairs import ConcordancePairs


def concordance_index(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> float:
    """Harrell's C: the part of comparable pairs in which the higher risk dies first; ties in risk count half.

    A pair is comparable when the earlier of two times is an event; of two equal times only the pair of one event and
    one censoring is, the event being the earlier (as in lifelines and R's survival). For many resamples of the same
    patients, `ConcordancePairs` sorts them once.

    Args:
        risk: (n,) a value per patient; higher means an earlier event.
        time: (n,) follow-up times.
        event: (n,) 1 where the event was seen.
        weight: (n,) how often each patient was drawn; once by default.
        strata: (n,) folds; only pairs within one are compared, for scales differ across them.

    Returns:
        The concordance, pairs of all strata together; NaN when no pair is comparable.

    Raises:
        ValueError: Lengths differ, a value is no finite number, a time or weight negative, an event neither 0 nor 1.
    """
    return ConcordancePairs.of(risk, time, event, strata=strata)(weight)


def concordance(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    bootstraps: int = 1000,
    seed: int = 0,
) -> Estimate:
    """`concordance_index` with its bootstrap interval.

    Args:
        risk: (n,) a value per patient; higher means an earlier event.
        time: (n,) follow-up times.
        event: (n,) 1 where the event was seen.
        strata: (n,) folds; only pairs within one are compared, and resamples keep their sizes.
        bootstraps: Resamples of patients for the percentile interval, which leaves out the variance of training.
        seed: Seed of the resamples.

    Raises:
        ValueError: No pair is comparable, or as in `concordance_index`.
    """
    pairs = ConcordancePairs.of(risk, time, event, strata=strata)
    draws = draw_patients(np.zeros(pairs.patients) if strata is None else strata, draws=bootstraps, seed=seed)
    estimated, _ = estimate(pairs, draws)
    if np.isnan(estimated.value):
        msg = "no comparable pair: concordance needs an event before another patient's time"
        raise ValueError(msg)
    return estimated
