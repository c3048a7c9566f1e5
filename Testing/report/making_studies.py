"""Studies to be drawn, written and told, from simulated patients."""

from dataclasses import replace
from functools import cache

import numpy as np

from prognosis.survival.calibration import DAYS_PER_YEAR
from prognosis.survival.curves import CalibrationGroup
from prognosis.survival.estimate import Estimate
from prognosis.survival.evaluation.study_results import Characteristic, Comparison, FlowStep, ModelResult, Study
from prognosis.survival.metrics.decision import decision_curve
from prognosis.survival.metrics.kaplan_meier import estimate_at, kaplan_meier

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"
NAN = float("nan")
UNKNOWN = Estimate(NAN, NAN, NAN)


def make_study(*, patients=240, scale_days=1500.0, end_days=2400.0, horizons=(1, 3, 5), groups=3, **changes) -> Study:
    """Two models judged on simulated patients, a coarse one with training seeds and a fine one without.

    Args:
        patients: How many are tested.
        scale_days: Mean time to the event.
        end_days: Everybody is censored then.
        horizons: Years of calibration and decision curves.
        groups: Risk groups.
        changes: Fields of the study to be replaced.
    """
    return replace(_study(patients, scale_days, end_days, tuple(horizons), groups), **changes)


@cache
def _study(patients, scale_days, end_days, horizons, groups) -> Study:
    generator = np.random.default_rng(7)
    risk = generator.normal(size=patients)
    time = np.ceil(generator.exponential(scale_days * np.exp(-risk)))
    event = time <= np.minimum(generator.uniform(0.2, 1.4, patients), 1) * end_days
    time = np.where(event, time, np.minimum(np.ceil(time * 0.7), end_days))
    outcome = time, event
    noisy = risk + generator.normal(0, 1.2, patients)
    models = (
        ModelResult("kaplan_meier", "Kaplan-Meier", _brier(0.03, horizons)),
        _model("coxph", "Cox (ridge)", risk, outcome, 0.741, horizons, groups, seeds=0),
        _model("deepsurv", "DeepSurv", noisy, outcome, 0.684, horizons, groups, seeds=3),
    )
    events = int(event.sum())
    return Study(
        validation="the table's own split into training and test patients",
        flow=(
            FlowStep("patients in the table", patients + 300, events + 120),
            FlowStep("training patients", 300, 120),
            FlowStep("test patients", patients, events),
        ),
        cohort_columns=("all", "train", "test"),
        cohort=(
            Characteristic("age", ("62 (54-70)", "61 (54-69)", "62 (55-71)"), 4),
            Characteristic("sex = female", ("251 (46%)", "140 (47%)", "111 (46%)"), 0),
        ),
        overall=kaplan_meier(*outcome),
        median_follow_up_days=1900.0,
        horizons_years=horizons,
        tau_days=0.9 * end_days,
        models=models,
        comparisons=(
            Comparison("c_index", "deepsurv", "coxph", Estimate(-0.057, -0.091, -0.022), 0.004, None),
            Comparison("integrated_brier", "deepsurv", "coxph", Estimate(0.011, -0.002, 0.023), 0.09, 0.18),
            Comparison("ipcw_c_index", "deepsurv", "coxph", Estimate(-0.05, -0.09, -0.01), 0.016, 0.048),
        ),
        assumptions=(("Censoring is independent of the outcome", "assumed by every figure"),),
        methods="Models were judged on patients they never saw.",
        warnings=(),
        seed=11,
        bootstraps=1000,
        versions={"prognosis": "0.1.0", "lifelines": "0.30.3"},
        table_sha256="cd" * 32,
    )


def hostile_study() -> Study:
    """Every text that a user's table or a model's name reaches is markup, a formula or far too long."""
    study = make_study(groups=5)
    reference, cox, deepsurv = study.models
    named = {f"{HOSTILE} {number}": curve for number, curve in enumerate(cox.risk_groups.values())}
    cox = replace(cox, title=f"_$x^{{2}}$ {HOSTILE}", risk_groups=named, chosen=(HOSTILE,))
    deepsurv = replace(
        deepsurv,
        title="DeepSurv " + "w" * 200,
        metrics={**deepsurv.metrics, "c_index": UNKNOWN, "auc_1y": Estimate(0.7, NAN, NAN)},
    )
    return replace(
        study,
        models=(reference, cox, deepsurv),
        flow=(*study.flow, FlowStep("=1+1 " + HOSTILE, 3, 1), FlowStep("w" * 200, 3, 1)),
        cohort=(
            *study.cohort,
            Characteristic("=cmd|' /C calc'!A0" + HOSTILE, ("+1", "-2", "@3"), 0),
            Characteristic("w" * 200, ("1", "2", "3"), 0),
        ),
        comparisons=(*study.comparisons, Comparison("auc_1y", "deepsurv", "coxph", UNKNOWN, NAN, NAN)),
        warnings=(HOSTILE,),
        validation=HOSTILE,
        methods=HOSTILE,
        assumptions=((HOSTILE, HOSTILE),),
        versions={HOSTILE: HOSTILE},
    )


def small_study() -> Study:
    """Thirty patients, ninety days, two groups, one model that is worse than chance, no horizon, nothing compared."""
    study = make_study(patients=30, scale_days=60.0, end_days=90.0, horizons=(), groups=2)
    reference, cox, _ = study.models
    cox = replace(cox, metrics={**cox.metrics, "c_index": Estimate(0.452, 0.41, 0.49)})
    return replace(study, models=(reference, cox), comparisons=(), median_follow_up_days=NAN)


def _model(name, title, risk, outcome, c_index, horizons, groups, *, seeds) -> ModelResult:
    time, event = outcome
    metrics = {
        "c_index": Estimate(c_index, c_index - 0.04, c_index + 0.03),
        "ipcw_c_index": Estimate(c_index - 0.01, c_index - 0.07, c_index + 0.02),
        "calibration_slope": Estimate(0.93, 0.71, 1.18),
        **{f"auc_{year}y": Estimate(c_index + 0.02, c_index - 0.05, c_index + 0.08) for year in horizons},
        **{f"calibration_intercept_{year}y": Estimate(-0.0002, -0.3, 0.29) for year in horizons},
        **_brier(0.0, horizons),
    }
    metrics |= {f"scaled_{key}": Estimate(0.12, -0.01, 0.2) for key in _brier(0.0, horizons)}
    cut = np.searchsorted(np.quantile(risk, np.linspace(0, 1, groups + 1)[1:-1]), risk)
    names = {2: ("lower risk", "higher risk"), 3: ("low risk", "middle risk", "high risk")}.get(
        groups, tuple(f"risk group {number + 1} of {groups}" for number in range(groups))
    )
    probability = {
        year: 1 - np.exp(-year * DAYS_PER_YEAR / 1500 * np.exp(np.clip(risk, -2.5, 2.0))) for year in horizons
    }
    return ModelResult(
        name=name,
        title=title,
        metrics=metrics,
        over_seeds={key: tuple(one.value + 0.01 * (k - 1) for k in range(seeds)) for key, one in metrics.items()}
        if seeds
        else {},
        chosen=("penalty 0.01", "penalty 0.1", "penalty 0.01"),
        risk_groups={label: kaplan_meier(time[cut == k], event[cut == k]) for k, label in enumerate(names)},
        calibration={year: _calibration(probability[year], time, event, year * DAYS_PER_YEAR) for year in horizons},
        decision={year: decision_curve(probability[year], *outcome, year * DAYS_PER_YEAR) for year in horizons},
    )


def _brier(more, horizons) -> dict[str, Estimate]:
    scores = {f"brier_{year}y": 0.08 + 0.03 * year + more for year in horizons} | {"integrated_brier": 0.16 + more}
    return {name: Estimate(value, value - 0.02, value + 0.02) for name, value in scores.items()}


def _calibration(probability, time, event, days) -> tuple[CalibrationGroup, ...]:
    groups = []
    for members in np.array_split(np.argsort(probability), 5):
        survival = estimate_at(kaplan_meier(time[members], event[members]), days)
        observed = Estimate(1 - survival.value, 1 - survival.high, 1 - survival.low)
        groups.append(CalibrationGroup(float(probability[members].mean()), observed, len(members)))
    return tuple(groups)
