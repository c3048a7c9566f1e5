"""A patient's predicted survival, and a risk's place among others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.survival.calibration import DAYS_PER_YEAR, Calibration

PERCENTILE_LEVELS = np.linspace(0.0, 100.0, 101)
_REPORTED_YEARS = (1, 2, 5)


@dataclass(frozen=True)
class PredictedSurvival:
    """A patient's predicted survival curve, never beyond the training follow-up.

    Args:
        times_days: Increasing times.
        survival: Probability of surviving beyond each time.
        at_years: Survival at 1, 2 and 5 years; None beyond the training follow-up.
    """

    times_days: tuple[float, ...]
    survival: tuple[float, ...]
    at_years: Mapping[int, float | None]


def predicted_survival(risk: float, calibration: Calibration) -> PredictedSurvival:
    """The survival curve of a risk."""
    return PredictedSurvival(
        times_days=tuple(float(t) for t in calibration.times_days),
        survival=tuple(float(s) for s in calibration.survival(risk)),
        at_years={year: calibration.survival_at(risk, year * DAYS_PER_YEAR) for year in _REPORTED_YEARS},
    )


def percentile_among(value: float, percentiles: NDArray[np.float64]) -> float:
    """Percentile, 0 to 100, of a value among a table of 101 percentiles."""
    return float(np.interp(value, percentiles, PERCENTILE_LEVELS))
