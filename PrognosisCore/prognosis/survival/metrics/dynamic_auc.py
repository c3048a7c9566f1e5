"""How well risks tell who has the event by a day from who is free of it after that day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.outcomes import checked_outcome, checked_risk, checked_weight

Array = NDArray[np.float64]


def dynamic_auc(
    risk: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    censoring: Censoring,
    at_days: float,
    *,
    weight: ArrayLike | None = None,
) -> float:
    """Cumulative/dynamic AUC: cases have the event by `at_days` and count 1 / G(t-), controls are followed beyond it.

    Uno et al., JASA 2007;102:527. G is read just before an event (see `ipcw_concordance`). For many resamples use
    `DynamicAUC`.

    Args:
        risk: (n,) a value per patient; higher means an earlier event. Ties count half.
        time: (n,) follow-up times in days.
        event: (n,) 1 where the event was seen.
        censoring: Of training patients.
        at_days: The horizon.
        weight: (n,) how often each patient was drawn; once by default.

    Returns:
        The area; NaN without a case or without a control.

    Raises:
        ValueError: The horizon is beyond the training follow-up, lengths differ, a value is no finite number, a time or
            weight negative, an event neither 0 nor 1.
    """
    return DynamicAUC.of(risk, time, event, censoring, at_days)(weight)


@dataclass(frozen=True)
class DynamicAUC:
    """Cases and controls by rank of their risk; called with weights, `dynamic_auc` of a resample.

    Args:
        rank: (n,) of each risk, 0 the lowest; equal risks share a rank.
        case: (n,) 1 / G(t-) of cases, 0 for others.
        control: (n,) 1 for controls, 0 for others.
    """

    rank: NDArray[np.int64]
    case: Array
    control: Array

    @staticmethod
    def of(risk: ArrayLike, time: ArrayLike, event: ArrayLike, censoring: Censoring, at_days: float) -> "DynamicAUC":
        """Rank risks and tell cases from controls; arguments as of `dynamic_auc`."""
        time, event = checked_outcome(time, event)
        censoring.require_known(at_days, censoring.before(at_days))
        early = event & (time <= at_days)
        case = np.zeros(len(time))
        case[early] = 1 / censoring.before(time[early])
        rank = np.unique(checked_risk(risk, len(time)), return_inverse=True)[1]
        return DynamicAUC(rank, case, (time > at_days).astype(float))

    def __call__(self, weight: ArrayLike | None = None) -> float:
        """The area; NaN without a case or without a control."""
        weight = checked_weight(weight, len(self.rank))
        cases = np.bincount(self.rank, weight * self.case)
        controls = np.bincount(self.rank, weight * self.control)
        pairs = cases.sum() * controls.sum()
        lower = np.cumsum(controls) - 0.5 * controls
        return float(cases @ lower / pairs) if pairs else float("nan")
