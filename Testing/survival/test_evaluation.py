from dataclasses import replace

import numpy as np
import pytest

from prognosis.cohort.columns import CategoryColumn, NumberColumn
from prognosis.cohort.survival_table import SurvivalTable
from prognosis.errors import InputError
from prognosis.progress import silent
from prognosis.survival.evaluation.evaluate import EvaluationOptions, candidates, evaluate
from prognosis.survival.evaluation.predictions import encode_folds, patients_left_out, predict
from prognosis.survival.evaluation.validation import Split, make_splits

QUICK = EvaluationOptions(folds=3, training_seeds=1, tuning_trials=1, bootstraps=100)


def a_table(n=240, *, effect=1.2, seed=0, split=False):
    """Survival by one number; a second number and a category say nothing."""
    generator = np.random.default_rng(seed)
    x, noise = generator.normal(size=(2, n))
    time = 900 * generator.exponential(np.exp(-effect * x))
    censored_at = generator.uniform(200, 4000, n)
    return SurvivalTable(
        rows=np.arange(2, n + 2),
        time_days=np.minimum(time, censored_at),
        event=time <= censored_at,
        columns=(
            NumberColumn("marker", x),
            NumberColumn("noise", noise),
            CategoryColumn("sex", np.where(np.arange(n) % 2, "male", "female")),
        ),
        split=np.where(np.arange(n) % 3, "train", "test") if split else None,
        group=np.full(n, ""),
        notes=(),
    )


def result_of(study, name):
    return next(model for model in study.models if model.name == name)


@pytest.fixture(scope="module")
def study():
    return evaluate(a_table(), QUICK, table_sha256="0" * 64)


def test_a_marker_of_known_effect_is_found(study):
    table = a_table()
    pairs = np.subtract.outer(table.columns[0].values, table.columns[0].values)
    earlier = np.subtract.outer(table.time_days, table.time_days) < 0
    comparable = earlier & table.event[:, None]
    oracle = (pairs > 0)[comparable].mean()
    cox = result_of(study, "coxph").metrics
    assert cox["c_index"].value == pytest.approx(oracle, abs=0.03)
    assert cox["c_index"].low < oracle < cox["c_index"].high
    assert cox["calibration_slope"].value == pytest.approx(1, abs=0.35)
    assert abs(cox["calibration_intercept_1y"].value) < 0.1
    assert cox["scaled_integrated_brier"].low > 0
    assert cox["auc_1y"].value > 0.7


def test_the_reference_is_the_kaplan_meier_curve(study):
    reference = result_of(study, "kaplan_meier").metrics
    assert set(reference) == {"brier_1y", "brier_3y", "brier_5y", "integrated_brier"}
    assert 0.15 < reference["brier_3y"].value < 0.26
    assert reference["integrated_brier"].value > result_of(study, "coxph").metrics["integrated_brier"].value


def test_risk_groups_are_ordered(study):
    curves = list(result_of(study, "coxph").risk_groups.values())
    at_two_years = [curve.survival[np.searchsorted(curve.times_days, 730, side="right") - 1] for curve in curves]
    assert at_two_years == sorted(at_two_years, reverse=True)
    assert sum(curve.patients for curve in curves) == 240


def test_everybody_is_tested_once(study):
    tested = [step for step in study.flow if step.label.startswith("tested in fold")]
    assert len(tested) == 3
    assert sum(step.patients for step in tested) == study.flow[0].patients == study.overall.patients == 240


def test_a_split_is_used_as_given():
    study = evaluate(a_table(split=True), QUICK, table_sha256="0" * 64)
    assert [(step.label, step.patients) for step in study.flow[1:]] == [
        ("training patients", 160),
        ("test patients", 80),
    ]
    assert study.overall.patients == 80


def test_outcomes_of_test_patients_change_no_prediction():
    table = a_table(split=True)
    other = table.time_days.copy()
    is_test = table.split == "test"
    other[is_test] = other[is_test][::-1]
    swapped = replace(table, time_days=other)
    for one, two in zip(risks_of(table), risks_of(swapped), strict=True):
        np.testing.assert_array_equal(one, two)


def risks_of(table):
    splits = make_splits(table, folds=3, seed=0)
    folds, _ = encode_folds(table, splits, groups=3)
    tested = patients_left_out(table, splits)
    return [
        predict(candidate, folds, table, tested, seeds=[0], groups=3, progress=silent).predictions[0].risk
        for candidate in candidates(QUICK)
    ]


def test_standardisation_sees_training_patients_only():
    table = a_table(split=True)
    wild = table.columns[0].values.copy()
    wild[table.split == "test"] *= 1e6
    other = replace(table, columns=(NumberColumn("marker", wild), *table.columns[1:]))
    splits = make_splits(table, folds=3, seed=0)
    one, _ = encode_folds(table, splits, groups=3)
    two, _ = encode_folds(other, splits, groups=3)
    np.testing.assert_array_equal(one[0].x_training, two[0].x_training)


def test_noise_is_not_taken_for_skill():
    study = evaluate(a_table(effect=0.0, seed=3), QUICK, table_sha256="0" * 64)
    for name in ("coxph", "deepsurv"):
        c_index = result_of(study, name).metrics["c_index"]
        assert c_index.low < 0.5 < c_index.high
        assert f"{name} was not shown to order patients: the interval of its C-index holds 0.5" in study.warnings


def test_seeds_are_averaged_and_shown(study):
    several = evaluate(a_table(120), replace(QUICK, training_seeds=2), table_sha256="0" * 64)
    deepsurv = result_of(several, "deepsurv")
    assert len(deepsurv.over_seeds["c_index"]) == 2
    assert deepsurv.metrics["c_index"].value == pytest.approx(np.mean(deepsurv.over_seeds["c_index"]))
    assert result_of(several, "coxph").over_seeds == {}


def test_the_primary_contrast_comes_first(study):
    assert [(c.metric, c.primary) for c in study.comparisons][:2] == [("c_index", True), ("ipcw_c_index", False)]
    first = study.comparisons[0]
    c_index = {name: result_of(study, name).metrics["c_index"].value for name in ("coxph", "deepsurv")}
    assert first.difference.value == pytest.approx(c_index["deepsurv"] - c_index["coxph"])


def test_the_same_seed_gives_the_same_study(study):
    again = evaluate(a_table(), QUICK, table_sha256="0" * 64)
    for model in study.models:
        assert result_of(again, model.name).metrics == model.metrics


def test_fewer_events_than_folds_are_refused():
    table = a_table(40)
    few = replace(table, event=np.arange(40) < 4)
    with pytest.raises(InputError, match="5 folds need as many events, the table has 4"):
        evaluate(few, replace(QUICK, folds=5), table_sha256="0" * 64)


def test_a_side_of_the_split_without_events_is_refused():
    table = a_table(60, split=True)
    with pytest.raises(InputError, match="No patient of the test split has an event"):
        make_splits(replace(table, event=table.event & (table.split == "train")), folds=3, seed=0)


def test_nobody_is_on_both_sides():
    with pytest.raises(ValueError, match="both sides"):
        Split(np.array([0, 1, 2]), np.array([2, 3]))


@pytest.mark.parametrize("change", [{"folds": 1}, {"seed": -1}, {"bootstraps": 5}, {"risk_groups": 1}])
def test_options_that_make_no_sense_are_refused(change):
    with pytest.raises(ValueError, match="are needed"):
        replace(QUICK, **change)


def test_too_few_events_to_choose_anything_by_are_refused():
    table = a_table(60)
    few = replace(table, event=np.arange(60) < 9)
    with pytest.raises(InputError, match="Only 6 training patients have an event"):
        evaluate(few, QUICK, table_sha256="0" * 64)


def test_a_category_that_a_fold_never_saw_is_refused():
    table = a_table(60)
    grade = np.full(60, "low", dtype="<U4")
    grade[7] = "rare"
    with pytest.raises(InputError, match="grade.*rare"):
        evaluate(replace(table, columns=(*table.columns, CategoryColumn("grade", grade))), QUICK, table_sha256="0" * 64)


def test_nobody_is_judged_beyond_the_follow_up_of_those_tested():
    table = a_table(300, split=True)
    short = np.where(table.split == "test", 500.0, np.inf)
    study = evaluate(
        replace(table, time_days=np.minimum(table.time_days, short), event=table.event & (table.time_days <= short)),
        QUICK,
        table_sha256="0" * 64,
    )
    assert study.tau_days <= 500
    assert study.horizons_years == (1,)
    assert any("figures over time stop at day" in warning for warning in study.warnings)


def test_a_horizon_before_the_first_event_has_no_gain_to_show():
    table = a_table()
    study = evaluate(replace(table, time_days=table.time_days + 400), QUICK, table_sha256="0" * 64)
    cox = result_of(study, "coxph").metrics
    assert np.isnan(cox["scaled_brier_1y"].value)
    assert np.isnan(cox["auc_1y"].value)
    assert cox["scaled_brier_3y"].value > 0


def test_a_wild_number_is_pointed_out_and_breaks_nothing():
    table = a_table(split=True)
    marker = table.columns[0].values.copy()
    marker[0] = 1e6
    study = evaluate(
        replace(table, columns=(NumberColumn("marker", marker), *table.columns[1:])), QUICK, table_sha256="0" * 64
    )
    assert any("column 'marker', row 2: is it right?" in warning for warning in study.warnings)
    assert np.isfinite(result_of(study, "coxph").metrics["integrated_brier"].value)


def test_survival_is_never_predicted_against_the_risk():
    table = a_table(effect=0.0, seed=3)
    splits = make_splits(table, folds=3, seed=0)
    folds, _ = encode_folds(table, splits, groups=3)
    left_out = patients_left_out(table, splits)
    for candidate in candidates(QUICK):
        predicted = predict(candidate, folds, table, left_out, seeds=[0], groups=3, progress=silent)
        prediction = predicted.predictions[0]
        for fold in range(3):
            inside = left_out.fold == fold
            order = np.argsort(prediction.risk[inside])
            assert (np.diff(prediction.survival[inside][order], axis=0) <= 1e-12).all()


def test_a_model_worse_than_chance_is_told():
    table = a_table(split=True)
    turned = np.where(table.split == "test", -1, 1) * table.columns[0].values
    study = evaluate(
        replace(table, columns=(NumberColumn("marker", turned), *table.columns[1:])), QUICK, table_sha256="0" * 64
    )
    assert "coxph orders patients worse than chance: the interval of its C-index lies below 0.5" in study.warnings


def test_alike_patients_cannot_be_grouped():
    table = a_table()
    study = evaluate(replace(table, columns=table.columns[2:]), QUICK, table_sha256="0" * 64)
    assert any("covariates take 2 different values only" in warning for warning in study.warnings)
