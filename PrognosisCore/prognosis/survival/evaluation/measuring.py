"""What predictions are worth, each figure with its interval from the same resamples of patients."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import overload

import numpy as np
from numpy.typing import NDArray

from prognosis.survival.estimate import Estimate, with_interval
from prognosis.survival.evaluation.predictions import Prediction, Tested, horizon_days
from prognosis.survival.metrics.brier import brier_contributions, integrated_brier
from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.concordance_pairs import ConcordancePairs
from prognosis.survival.metrics.dynamic_auc import DynamicAUC
from prognosis.survival.metrics.ipcw_concordance import ipcw_pairs
from prognosis.survival.metrics.judging import calibration_intercept, calibration_slope

Array = NDArray[np.float64]
_Measure = Callable[[Array], float]
_Outcome = tuple[Array, NDArray[np.bool_]]


@dataclass(frozen=True)
class Measured:
    """A metric of all tested patients and of each resample."""

    value: float
    resampled: Array

    @property
    def estimate(self) -> Estimate:
        """With its interval."""
        return with_interval(self.value, self.resampled)


def brier_scores(prediction: Prediction, tested: Tested, draws: Array) -> dict[str, Measured]:
    """Brier scores at the horizons and integrated to tau."""
    return {name: _mean(per_patient, draws) for name, per_patient in _squared_errors(prediction, tested).items()}


def scaled_brier_scores(scores: Mapping[str, Measured], reference: Mapping[str, Measured]) -> dict[str, Measured]:
    """1 - score / score of the reference: 0 is no better than Kaplan-Meier, 1 is perfect."""
    return {
        f"scaled_{name}": Measured(
            _gain(score.value, reference[name].value), _gain(score.resampled, reference[name].resampled)
        )
        for name, score in scores.items()
    }


def order_and_calibration(prediction: Prediction, tested: Tested, draws: Array) -> dict[str, Measured]:
    """C-indices, time-dependent AUC, calibration slope and intercepts."""
    outcome = tested.time_days, tested.event
    slope = partial(_slope, prediction.log_hazard, *outcome)
    measures: dict[str, _Measure] = {
        "c_index": ConcordancePairs.of(prediction.risk, *outcome, strata=tested.fold),
        "ipcw_c_index": _within_folds(
            tested,
            lambda part, censoring: ipcw_pairs(
                prediction.risk[part], *_of(outcome, part), censoring, tau_days=tested.grid_days[-1]
            ),
        ),
        "calibration_slope": slope,
    }
    for number, (year, days) in enumerate(zip(tested.horizons_years, horizon_days(tested), strict=True)):
        measures[f"auc_{year}y"] = _within_folds(tested, partial(_auc, prediction.risk, outcome, days))
        predicted = prediction.event_probability[:, number]
        measures[f"calibration_intercept_{year}y"] = _within_folds(
            tested, partial(_intercept, predicted, outcome, days)
        )
    everybody = np.ones(len(tested.patient))
    return {
        name: Measured(measure(everybody), np.array([measure(weight) for weight in draws]))
        for name, measure in measures.items()
    }


def over_seeds(measured: Sequence[Mapping[str, Measured]]) -> dict[str, Measured]:
    """The mean of each metric over training seeds, in all patients and in each resample."""
    return {
        name: Measured(
            float(np.mean([one[name].value for one in measured])),
            np.mean([one[name].resampled for one in measured], axis=0),
        )
        for name in measured[0]
    }


def _squared_errors(prediction: Prediction, tested: Tested) -> dict[str, Array]:
    """What each patient adds to each Brier score."""
    n = len(tested.patient)
    days = horizon_days(tested)
    at_horizons, integrated = np.empty((n, len(days))), np.empty(n)
    for fold, censoring in enumerate(tested.censoring):
        part = tested.fold == fold
        outcome = tested.time_days[part], tested.event[part], censoring
        at_horizons[part] = brier_contributions(1 - prediction.event_probability[part], *outcome, days)
        over_time = brier_contributions(prediction.survival[part], *outcome, tested.grid_days)
        integrated[part] = [integrated_brier(row, tested.grid_days) for row in over_time]
    errors = {f"brier_{year}y": at_horizons[:, number] for number, year in enumerate(tested.horizons_years)}
    return {**errors, "integrated_brier": integrated}


@overload
def _gain(score: float, reference: float) -> float: ...
@overload
def _gain(score: Array, reference: Array) -> Array: ...
def _gain(score: float | Array, reference: float | Array) -> float | Array:
    """NaN where the reference makes no error, as when nobody has the event before a horizon."""
    known = np.asarray(reference) > 0
    gain = np.where(known, 1 - np.divide(score, np.where(known, reference, 1.0)), np.nan)
    return gain if gain.ndim else float(gain)


def _mean(per_patient: Array, draws: Array) -> Measured:
    return Measured(float(per_patient.mean()), draws @ per_patient / draws.sum(axis=1))


def _of(outcome: _Outcome, part: NDArray[np.bool_]) -> _Outcome:
    return outcome[0][part], outcome[1][part]


def _slope(log_hazard: Array, time: Array, event: NDArray[np.bool_], weight: Array) -> float:
    return calibration_slope(log_hazard, time, event, weight=weight)


def _auc(risk: Array, outcome: _Outcome, days: float, part: NDArray[np.bool_], censoring: Censoring) -> _Measure:
    return DynamicAUC.of(risk[part], *_of(outcome, part), censoring, days)


def _intercept(
    predicted: Array, outcome: _Outcome, days: float, part: NDArray[np.bool_], censoring: Censoring
) -> _Measure:
    return lambda weight: calibration_intercept(predicted[part], *_of(outcome, part), censoring, days, weight=weight)


def _within_folds(tested: Tested, prepare: Callable[[NDArray[np.bool_], Censoring], _Measure]) -> _Measure:
    """A measure taken in each fold, for scales and censoring differ between folds, and averaged by patients."""
    parts = [tested.fold == fold for fold in range(len(tested.censoring))]
    measures = [prepare(part, censoring) for part, censoring in zip(parts, tested.censoring, strict=True)]

    def averaged(weight: Array) -> float:
        values = np.array([measure(weight[part]) for part, measure in zip(parts, measures, strict=True)])
        patients = np.array([weight[part].sum() for part in parts])
        known = np.isfinite(values)
        return float(values[known] @ patients[known] / patients[known].sum()) if known.any() else float("nan")

    return averaged
