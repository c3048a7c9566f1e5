"""What acting on a prediction is worth."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.curves import DecisionCurve
from prognosis.survival.metrics.kaplan_meier import kaplan_meier, survival_at
from prognosis.survival.outcomes import checked_outcome

Array = NDArray[np.float64]

_THRESHOLDS: Array = np.arange(1, 100) / 100


def decision_curve(predicted_event: ArrayLike, time: ArrayLike, event: ArrayLike, at_days: float) -> DecisionCurve:
    """Net benefit at thresholds from 1 % to 99 %.

    Net benefit is the share of patients acted on who have the event by the horizon, less the share acted on who have
    not times the odds of the threshold. Both come from Kaplan-Meier among those acted on, whose prediction reaches the
    threshold (Vickers et al., BMC Medical Informatics and Decision Making 2008, 8:53).

    Args:
        predicted_event: (n,) predicted probabilities of the event by the horizon.
        time: (n,) days.
        event: (n,) 1 where the event was seen.
        at_days: The horizon.

    Returns:
        The curve; NaN where those acted on were not followed to the horizon.

    Raises:
        ValueError: Lengths differ, a prediction is no probability, a time is negative or no finite number, an event
            neither 0 nor 1.
    """
    time, event = checked_outcome(time, event)
    predicted = np.asarray(predicted_event, float)
    if len(predicted) != len(time) or not ((predicted >= 0) & (predicted <= 1)).all():
        msg = "predictions must be probabilities, one a patient"
        raise ValueError(msg)
    acted = [predicted >= threshold for threshold in _THRESHOLDS]
    everybody = np.ones(len(predicted), bool)
    return DecisionCurve(
        thresholds=_THRESHOLDS,
        net_benefit=_net_benefit(
            np.array([of.mean() for of in acted]), np.array([_survival(of, time, event, at_days) for of in acted])
        ),
        act_on_all=_net_benefit(np.ones(1), np.array([_survival(everybody, time, event, at_days)])),
    )


def _survival(of: NDArray[np.bool_], time: Array, event: NDArray[np.bool_], at_days: float) -> float:
    """Nobody's survival is as good as 1: their share is 0."""
    return float(survival_at(kaplan_meier(time[of], event[of]), at_days)) if of.any() else 1.0


def _net_benefit(share: Array, survival: Array) -> Array:
    return share * ((1 - survival) - survival * _THRESHOLDS / (1 - _THRESHOLDS))
