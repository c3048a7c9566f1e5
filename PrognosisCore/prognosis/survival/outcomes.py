"""What every figure of survival asks of its arrays."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def checked_outcome(time: ArrayLike, event: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
    """Follow-up and whether it ended with the event.

    Args:
        time: (n,) finite times, 0 or later.
        event: (n,) 1 where the event was seen, 0 where censored.

    Raises:
        ValueError: Lengths differ, nobody is there, a time is negative or no finite number, an event neither 0 nor 1.
    """
    time, event = np.asarray(time, float), np.asarray(event)
    if time.ndim != 1 or time.shape != event.shape or not len(time):
        msg = f"time and event need one value a patient, got shapes {time.shape} and {event.shape}"
        raise ValueError(msg)
    if not np.isfinite(time).all() or time.min() < 0:
        msg = "times need to be finite and not negative"
        raise ValueError(msg)
    if event.dtype != np.bool_ and not ((event == 0) | (event == 1)).all():
        msg = "an event is 1 where it was seen and 0 where the patient was censored"
        raise ValueError(msg)
    return time, event.astype(np.bool_)


def checked_risk(risk: ArrayLike, patients: int) -> Array:
    """(n,) a finite risk a patient.

    Raises:
        ValueError: There are more or fewer than patients, or one is no finite number.
    """
    risk = np.asarray(risk, float)
    if risk.shape != (patients,) or not np.isfinite(risk).all():
        msg = f"{patients} patients need {patients} finite risks, got shape {risk.shape}"
        raise ValueError(msg)
    return risk


def checked_weight(weight: ArrayLike | None, patients: int) -> Array:
    """(n,) how often each patient counts; once by default.

    Raises:
        ValueError: There are more or fewer than patients, or one is negative or no finite number.
    """
    if weight is None:
        return np.ones(patients)
    weight = np.asarray(weight, float)
    if weight.shape != (patients,) or not np.isfinite(weight).all() or weight.min() < 0:
        msg = f"{patients} patients need {patients} finite weights, none negative, got shape {weight.shape}"
        raise ValueError(msg)
    return weight
