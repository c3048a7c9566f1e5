"""Curves that describe patients: survival, calibration, net benefit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.survival.estimate import Estimate


@dataclass(frozen=True)
class Curve:
    """A Kaplan-Meier curve with a pointwise 95 % interval (log-log).

    Args:
        times_days: (m,) increasing, the first is 0.
        survival: (m,) from that time on.
        low: (m,) lower bounds.
        high: (m,) upper bounds.
        at_risk: (m,) patients at risk just before each time.
        patients: How many it describes.
        events: How many events were seen.
    """

    times_days: NDArray[np.float64]
    survival: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    patients: int
    events: int


@dataclass(frozen=True)
class CalibrationGroup:
    """Patients of like prediction: what was predicted at the horizon and what was seen.

    Args:
        predicted: Mean predicted probability of the event by the horizon.
        observed: The same by Kaplan-Meier.
        patients: How many.
    """

    predicted: float
    observed: Estimate
    patients: int


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit of acting on a predicted probability of the event by the horizon.

    Args:
        thresholds: (m,) probabilities at which one would act.
        net_benefit: (m,) of acting by the model.
        act_on_all: (m,) of acting on everybody; acting on nobody is 0.
    """

    thresholds: NDArray[np.float64]
    net_benefit: NDArray[np.float64]
    act_on_all: NDArray[np.float64]
