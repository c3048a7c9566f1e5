"""Harrell's concordance of large cohorts with ties."""

from importlib.metadata import version
from typing import Any

import numpy as np
from lifelines.utils import concordance_index as lifelines_concordance

from comparison import compare
from prognosis.survival.metrics.concordance import concordance_index

_MOST_APART = 1e-8


def concordance() -> list[dict[str, Any]]:
    """Whole days, risks of four decimals, a third of the patients censored."""
    return [_compared("concordance", 100_000), _compared("concordance_10000", 10_000)]


def _compared(name: str, patients: int) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    risk = np.round(generator.normal(size=patients), 4)
    until_event = np.ceil(generator.exponential(1000 * np.exp(-risk)))
    until_censored = np.ceil(generator.uniform(0, 3650, patients))
    time, event = np.minimum(until_event, until_censored), until_event <= until_censored

    def ours() -> float:
        return concordance_index(risk, time, event)

    def theirs() -> float:
        return float(lifelines_concordance(time, -risk, event))

    apart = abs(ours() - theirs())
    if apart > _MOST_APART:
        raise AssertionError(f"concordance of {patients} patients is {apart:.1e} apart from lifelines")
    return compare(
        name=name,
        work=f"concordance of {patients} patients, {event.mean():.0%} events, {len(np.unique(time))} distinct days, "
        f"{len(np.unique(risk))} distinct risks",
        peer=f"lifelines {version('lifelines')}",
        ours=ours,
        theirs=theirs,
        agreement=f"equal to {apart:.0e}" if apart else "equal to the last bit",
        repeats=11,
    )
