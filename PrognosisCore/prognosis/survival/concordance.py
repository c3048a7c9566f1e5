"""Harrell's concordance, within strata and with a bootstrap interval by patient."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.estimate import Estimate


def concordance(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    bootstraps: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Harrell's C: the part of comparable pairs in which the higher risk dies first; ties in risk count half.

    A pair is comparable when the earlier of two times is an event; of two equal times only the pair of one event and
    one censoring is, the event being the earlier (as in lifelines and R's survival).

    Args:
        risk: (n,) a value per patient; higher means an earlier event.
        time: (n,) follow-up times.
        event: (n,) 1 where the event was seen.
        strata: (n,) folds; only pairs within one are compared, for scales differ across them.
        bootstraps: Resamples of patients for the percentile interval, which leaves out the variance of training.
        seed: Seed of the resamples.

    Raises:
        ValueError: No pair is comparable.
    """
    risk, time, event = np.asarray(risk, float), np.asarray(time, float), np.asarray(event, bool)
    groups = np.zeros(len(risk)) if strata is None else np.asarray(strata)
    tables = [_PairTable.of(risk[groups == g], time[groups == g], event[groups == g]) for g in np.unique(groups)]
    value = _pooled(tables, [np.ones(t.size) for t in tables])
    if np.isnan(value):
        msg = "no comparable pair: concordance needs an event before another patient's time"
        raise ValueError(msg)
    generator = np.random.default_rng(seed)
    draws = [
        _pooled(tables, [generator.multinomial(t.size, np.full(t.size, 1 / t.size)).astype(float) for t in tables])
        for _ in range(bootstraps)
    ]
    low, high = np.nanpercentile(draws, [2.5, 97.5]) if draws else (np.nan, np.nan)
    return Estimate(value, float(low), float(high))


@dataclass(frozen=True)
class _PairTable:
    """Pairs (i dies first, j later): 1 where comparable, and 1, 1/2 or 0 where concordant, tied, discordant."""

    comparable: NDArray[np.float32]
    concordant: NDArray[np.float32]

    @staticmethod
    def of(risk: NDArray, time: NDArray, event: NDArray) -> "_PairTable":
        later = (time[:, None] < time[None, :]) | ((time[:, None] == time[None, :]) & ~event[None, :])
        comparable = (event[:, None] & later).astype(np.float32)
        higher = (risk[:, None] > risk[None, :]) + 0.5 * (risk[:, None] == risk[None, :])
        return _PairTable(comparable, comparable * higher.astype(np.float32))

    @property
    def size(self) -> int:
        return len(self.comparable)


def _pooled(tables: list[_PairTable], weights: list[NDArray]) -> float:
    concordant = sum(float(w @ t.concordant @ w) for t, w in zip(tables, weights, strict=True))
    comparable = sum(float(w @ t.comparable @ w) for t, w in zip(tables, weights, strict=True))
    return concordant / comparable if comparable else float("nan")
