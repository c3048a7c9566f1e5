"""Whether predicted risks mean what they say."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.curves import CalibrationGroup
from prognosis.survival.estimate import Estimate
from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.horizon import horizon_endpoint
from prognosis.survival.metrics.kaplan_meier import estimate_at, kaplan_meier
from prognosis.survival.models.calibrating import cox_slope
from prognosis.survival.outcomes import checked_outcome, checked_weight


def calibration_slope(risk: ArrayLike, time: ArrayLike, event: ArrayLike, *, weight: ArrayLike | None = None) -> float:
    """Cox coefficient of a log partial hazard: 1 is right, below 1 the predictions differ more than the patients.

    van Houwelingen, Statistics in Medicine 2000, 19:3401-3415. Ties in time by Breslow, for which a patient of weight 2
    is the same as two patients.

    Args:
        risk: (n,) predicted log partial hazards, finite.
        time: (n,) follow-up.
        event: (n,) 1 where the event was seen.
        weight: (n,) how often each patient counts.

    Returns:
        The slope; NaN where it does not exist: no event, one risk for all at risk, or an order without fault.

    Raises:
        ValueError: Lengths differ, or a value is not as said.
    """
    return cox_slope(risk, time, event, weight)


def calibration_intercept(
    predicted_event: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    censoring: Censoring,
    at_days: float,
    *,
    weight: ArrayLike | None = None,
) -> float:
    """Calibration in the large: observed less predicted probability of the event by a horizon.

    The mean over patients whose outcome at the horizon is known of outcome (0 or 1) less prediction, each weighing the
    inverse of the probability to be still uncensored (see `horizon_endpoint`). 0 is right; 0.05 says that of 100
    patients 5 more had the event than predicted. Calibration in the large as in van Calster et al., BMC Medicine 2019,
    17:230, on the scale of probabilities.

    Args:
        predicted_event: (n,) predicted probabilities of the event by the horizon.
        time: (n,) days.
        event: (n,) 1 where the event was seen.
        censoring: Of the training patients.
        at_days: The horizon.
        weight: (n,) how often each patient counts.

    Returns:
        The difference, from -1 to 1; NaN where no outcome is known.

    Raises:
        ValueError: The horizon is not above zero or lies beyond the training patients' follow-up, or a value is not as
            said.
    """
    time, event = checked_outcome(time, event)
    predicted = _probabilities(predicted_event, len(time))
    endpoint = horizon_endpoint(time, event, at_days, censoring=censoring)
    weight = endpoint.weight * checked_weight(weight, len(time))
    if not weight.any():
        return float("nan")
    return float(weight @ (endpoint.label - predicted) / weight.sum())


def calibration_groups(
    predicted_event: ArrayLike, time: ArrayLike, event: ArrayLike, at_days: float, groups: int = 5
) -> tuple[CalibrationGroup, ...]:
    """Compare prediction and Kaplan-Meier in groups of like prediction.

    Args:
        predicted_event: (n,) predicted probabilities of the event by the horizon.
        time: (n,) days.
        event: (n,) 1 where the event was seen.
        at_days: The horizon.
        groups: At most how many, of like size; like predictions are never parted, so that a few distinct ones make
            fewer groups.

    Returns:
        In order of prediction. What was observed is NaN where a group was not followed to the horizon.

    Raises:
        ValueError: Lengths differ, or a value is not as said.
    """
    time, event = checked_outcome(time, event)
    predicted = _probabilities(predicted_event, len(time))
    cuts = np.quantile(predicted, np.arange(1, groups) / groups)
    group = np.searchsorted(np.unique(cuts), predicted, side="left")
    return tuple(
        CalibrationGroup(float(predicted[of].mean()), _observed(time[of], event[of], at_days), int(of.sum()))
        for of in (group == number for number in np.unique(group))
    )


def _probabilities(values: ArrayLike, patients: int) -> NDArray[np.float64]:
    values = np.asarray(values, float)
    if values.shape != (patients,) or not ((values >= 0) & (values <= 1)).all():
        msg = f"{patients} patients need {patients} predictions that are probabilities, got shape {values.shape}"
        raise ValueError(msg)
    return values


def _observed(time: NDArray[np.float64], event: NDArray[np.bool_], at_days: float) -> Estimate:
    survival = estimate_at(kaplan_meier(time, event), at_days)
    return Estimate(1 - survival.value, 1 - survival.high, 1 - survival.low)
