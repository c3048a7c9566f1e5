"""Evaluating survival models on a table: fit, predict the patients left out, judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from prognosis.cohort.survival_table import SurvivalTable
from prognosis.progress import Progress, silent
from prognosis.provenance import versions
from prognosis.survival.curves import Curve
from prognosis.survival.estimate import draw_patients
from prognosis.survival.evaluation.describing import (
    ASSUMPTIONS,
    describe_cohort,
    describe_flow,
    describe_validation,
    methods_paragraph,
)
from prognosis.survival.evaluation.measuring import (
    Measured,
    brier_scores,
    order_and_calibration,
    over_seeds,
    scaled_brier_scores,
)
from prognosis.survival.evaluation.paired import adjust_for_many, compare_paired
from prognosis.survival.evaluation.predictions import (
    Candidate,
    Predicted,
    Prediction,
    Tested,
    encode_folds,
    horizon_days,
    patients_left_out,
    predict,
    reference,
)
from prognosis.survival.evaluation.study_results import Comparison, ModelResult, Study
from prognosis.survival.evaluation.validation import make_splits
from prognosis.survival.metrics.decision import decision_curve
from prognosis.survival.metrics.judging import calibration_groups
from prognosis.survival.metrics.kaplan_meier import kaplan_meier, median_follow_up
from prognosis.survival.models.cox_model import fit_cox
from prognosis.survival.models.deepsurv import DeepSurvOptions, fit_deepsurv
from prognosis.survival.models.deepsurv_tuning import tune_deepsurv
from prognosis.survival.models.fitted_risk import FitRisk

_FEW_EVENTS = 50
_MOST_OF_IT = 0.5
_GROUP_NAMES = {2: ("lower risk", "higher risk"), 3: ("low risk", "middle risk", "high risk")}


@dataclass(frozen=True)
class EvaluationOptions:
    """How models are evaluated.

    Args:
        folds: Of cross-validation, where the table has no split.
        seed: Seed of folds, resamples and trainings.
        training_seeds: How many seeds networks are trained with.
        tuning_trials: How many configurations DeepSurv's random search tries in each fold.
        bootstraps: Resamples of patients for intervals.
        risk_groups: Groups of the Kaplan-Meier picture.
    """

    folds: int = 5
    seed: int = 0
    training_seeds: int = 3
    tuning_trials: int = 10
    bootstraps: int = 1000
    risk_groups: int = 3

    def __post_init__(self) -> None:
        counts = (self.training_seeds, self.tuning_trials)
        if (
            self.folds < 2
            or self.seed < 0
            or min(counts) < 1
            or self.bootstraps < 100
            or not 2 <= self.risk_groups <= 5
        ):
            msg = (
                "folds >= 2, seed >= 0, training_seeds and tuning_trials >= 1, bootstraps >= 100 and 2 to 5 "
                "risk_groups are needed"
            )
            raise ValueError(msg)


def evaluate(
    table: SurvivalTable, options: EvaluationOptions, *, table_sha256: str, progress: Progress = silent
) -> Study:
    """Judge CoxPH and DeepSurv on patients they never saw.

    Args:
        table: The cohort.
        options: How.
        table_sha256: Hash of the table's bytes, for the record.
        progress: Told after each fit.

    Raises:
        InputError: The table cannot carry the study.
    """
    splits = make_splits(table, folds=options.folds, seed=options.seed)
    tested = patients_left_out(table, splits)
    folds, notes = encode_folds(table, splits, groups=options.risk_groups)
    draws = draw_patients(tested.fold, draws=options.bootstraps, seed=options.seed)
    seeds = [options.seed + number for number in range(options.training_seeds)]
    baseline = brier_scores(reference(folds, table, tested), tested, draws)
    measured: dict[str, dict[str, Measured]] = {}
    flat: list[str] = []
    results = [ModelResult("kaplan_meier", "Kaplan-Meier", {name: m.estimate for name, m in baseline.items()})]
    for candidate in candidates(options):
        predicted = predict(candidate, folds, table, tested, seeds=seeds, groups=options.risk_groups, progress=progress)
        by_seed = [_measured(prediction, tested, baseline, draws) for prediction in predicted.predictions]
        progress(f"judging {candidate.title}", 1, 1)
        flat += _warning_of_flat_curves(candidate, predicted)
        measured[candidate.name] = over_seeds(by_seed)
        results.append(_result(candidate, predicted, by_seed, measured[candidate.name], tested, options))
    validation = describe_validation(table, splits, options.seed)
    headings, cohort = describe_cohort(table, splits)
    return Study(
        validation=validation,
        flow=describe_flow(table, splits),
        cohort_columns=headings,
        cohort=cohort,
        overall=kaplan_meier(tested.time_days, tested.event),
        median_follow_up_days=median_follow_up(table.time_days, table.event),
        horizons_years=tested.horizons_years,
        tau_days=float(tested.grid_days[-1]),
        models=tuple(results),
        comparisons=_comparisons(measured),
        assumptions=ASSUMPTIONS,
        methods=methods_paragraph(
            table,
            validation,
            [result.title for result in results[1:]],
            seeds=options.training_seeds,
            bootstraps=options.bootstraps,
            tau_days=float(tested.grid_days[-1]),
            horizons_years=tested.horizons_years,
        ),
        warnings=(*table.notes, *notes, *flat, *_warnings(table, tested, measured)),
        seed=options.seed,
        bootstraps=options.bootstraps,
        versions=versions(),
        table_sha256=table_sha256,
    )


def candidates(options: EvaluationOptions) -> tuple[Candidate, ...]:
    """The kinds of model a study compares."""
    return (
        Candidate("coxph", "Cox (ridge)", lambda *_: fit_cox, seeded=False),
        Candidate("deepsurv", "DeepSurv", partial(_tuned_deepsurv, options.tuning_trials), seeded=True),
    )


def _tuned_deepsurv(
    trials: int, x: NDArray[np.float64], time: NDArray[np.float64], event: NDArray[np.bool_], seed: int
) -> FitRisk:
    tuned: DeepSurvOptions = tune_deepsurv(x, time, event, trials=trials, seed=seed)
    return partial(fit_deepsurv, options=tuned)


def _measured(
    prediction: Prediction, tested: Tested, baseline: Mapping[str, Measured], draws: NDArray[np.float64]
) -> dict[str, Measured]:
    scores = brier_scores(prediction, tested, draws)
    return {
        **order_and_calibration(prediction, tested, draws),
        **scores,
        **scaled_brier_scores(scores, baseline),
    }


def _result(
    candidate: Candidate,
    predicted: Predicted,
    by_seed: Sequence[Mapping[str, Measured]],
    measured: Mapping[str, Measured],
    tested: Tested,
    options: EvaluationOptions,
) -> ModelResult:
    """Figures of the first seed, metrics of all."""
    first = predicted.predictions[0]
    by_horizon = [
        (year, first.event_probability[:, number], days)
        for number, (year, days) in enumerate(zip(tested.horizons_years, horizon_days(tested), strict=True))
    ]
    outcome = tested.time_days, tested.event
    return ModelResult(
        name=candidate.name,
        title=candidate.title,
        metrics={name: one.estimate for name, one in measured.items()},
        over_seeds={name: tuple(one[name].value for one in by_seed) for name in measured} if candidate.seeded else {},
        chosen=predicted.chosen,
        risk_groups=_risk_groups(first, tested, options.risk_groups),
        calibration={year: calibration_groups(event, *outcome, days) for year, event, days in by_horizon},
        decision={year: decision_curve(event, *outcome, days) for year, event, days in by_horizon},
    )


def _risk_groups(prediction: Prediction, tested: Tested, groups: int) -> dict[str, Curve]:
    names = _GROUP_NAMES.get(groups, tuple(f"risk group {number + 1} of {groups}" for number in range(groups)))
    curves = {}
    for number, name in enumerate(names):
        inside = prediction.group == number
        if inside.any():
            curves[name] = kaplan_meier(tested.time_days[inside], tested.event[inside])
    return curves


def _comparisons(measured: Mapping[str, Mapping[str, Measured]]) -> tuple[Comparison, ...]:
    """DeepSurv against Cox by the C-index, declared beforehand, and what else they can be compared by."""
    deepsurv, cox = measured["deepsurv"], measured["coxph"]
    compared = ["c_index", "ipcw_c_index", "integrated_brier", *(name for name in cox if name.startswith("auc_"))]
    return adjust_for_many(
        [
            compare_paired(
                name,
                "deepsurv",
                "coxph",
                deepsurv[name].value - cox[name].value,
                deepsurv[name].resampled,
                cox[name].resampled,
            )
            for name in compared
        ]
    )


def _warning_of_flat_curves(candidate: Candidate, predicted: Predicted) -> list[str]:
    if not predicted.flat:
        return []
    return [
        f"{candidate.title}: in {predicted.flat} of {predicted.fits} fits the risks did not order training patients "
        "left out; survival is then predicted alike for everybody"
    ]


def _warnings(table: SurvivalTable, tested: Tested, measured: Mapping[str, Mapping[str, Measured]]) -> list[str]:
    warnings = []
    events, tau = int(tested.event.sum()), float(tested.grid_days[-1])
    if events < _FEW_EVENTS:
        warnings.append(f"only {events} tested patients had an event: every figure is uncertain, see the intervals")
    if tau < _MOST_OF_IT * table.time_days.max():
        warnings.append(
            f"figures over time stop at day {tau:.0f}: beyond it too few training or tested patients are followed"
        )
    if not tested.horizons_years:
        warnings.append("follow-up is too short for figures at 1, 3 or 5 years")
    for name, metrics in measured.items():
        c_index = metrics["c_index"].estimate
        if c_index.high < 0.5:
            warnings.append(f"{name} orders patients worse than chance: the interval of its C-index lies below 0.5")
        elif not c_index.low > 0.5:
            warnings.append(f"{name} was not shown to order patients: the interval of its C-index holds 0.5")
    return warnings
