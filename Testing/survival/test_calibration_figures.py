import time as clock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter

from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.judging import calibration_groups, calibration_intercept, calibration_slope
from prognosis.survival.metrics.kaplan_meier import kaplan_meier, survival_at
from prognosis.survival.models.calibrating import calibrate


def a_cohort(n=300, seed=0, *, ties=False, censored=True):
    generator = np.random.default_rng(seed)
    risk = generator.normal(size=n)
    time = generator.exponential(1000 * np.exp(-risk))
    follow_up = generator.uniform(0, 3000, n) if censored else np.full(n, np.inf)
    event = time <= follow_up
    time = np.minimum(time, follow_up)
    return risk, np.ceil(time / 100) * 100 if ties else time, event


@pytest.mark.parametrize("weighted", [False, True])
def test_the_slope_is_lifelines_coefficient(weighted):
    risk, time, event = a_cohort()
    weight = np.random.default_rng(1).integers(0, 4, len(risk)) if weighted else np.ones(len(risk))
    table = pd.DataFrame({"risk": risk, "time": time, "event": event, "weight": weight})[weight > 0]
    fitted = CoxPHFitter().fit(
        table, "time", "event", weights_col="weight", robust=True, fit_options={"precision": 1e-12}
    )
    slope = calibration_slope(risk, time, event, weight=weight)
    assert slope == pytest.approx(fitted.params_["risk"], abs=1e-6)
    if not weighted:
        assert slope == pytest.approx(calibrate(risk, time, event).slope, abs=1e-4)


def test_with_ties_a_weight_of_two_is_two_patients():
    risk, time, event = a_cohort(ties=True)
    weight = np.random.default_rng(1).integers(0, 4, len(risk))
    repeated = [np.repeat(values, weight) for values in (risk, time, event)]
    assert calibration_slope(risk, time, event, weight=weight) == pytest.approx(calibration_slope(*repeated))


def test_risks_twice_too_far_apart_have_half_the_slope():
    risk, time, event = a_cohort(5000)
    assert calibration_slope(risk, time, event) == pytest.approx(1.0, abs=0.06)
    assert calibration_slope(2 * risk + 7, time, event) == pytest.approx(calibration_slope(risk, time, event) / 2)
    assert calibration_slope(1e-9 * risk, time, event) == pytest.approx(1e9 * calibration_slope(risk, time, event))


@pytest.mark.parametrize(
    ("risk", "event"),
    [
        ([1.0, 1.0, 1.0], [1, 1, 1]),
        ([1.0, 2.0, 3.0], [0, 0, 0]),
        ([3.0, 2.0, 1.0], [1, 1, 1]),
        ([0.1, 0.1, 0.1], [1, 1, 1]),
    ],
    ids=["one risk", "no event", "perfect order", "one risk that rounds"],
)
def test_a_slope_that_does_not_exist_is_nan(risk, event):
    assert np.isnan(calibration_slope(risk, [1.0, 2.0, 3.0], event))


def test_a_hundred_resamples_of_two_thousand_patients_take_less_than_a_second():
    risk, time, event = a_cohort(2000, ties=True)
    weights = np.random.default_rng(0).multinomial(2000, np.full(2000, 1 / 2000), size=100)
    calibration_slope(risk, time, event)
    started = clock.perf_counter()
    slopes = [calibration_slope(risk, time, event, weight=weight) for weight in weights]
    assert clock.perf_counter() - started < 1.0
    assert 0.02 < np.std(slopes) < 0.05


def test_without_censoring_the_intercept_is_a_difference_of_means():
    risk, time, event = a_cohort(censored=False)
    predicted = np.random.default_rng(1).random(len(risk))
    censoring = Censoring.fit(time, event)
    expected = (time <= 700).mean() - predicted.mean()
    assert calibration_intercept(predicted, time, event, censoring, 700) == pytest.approx(expected)
    weight = np.random.default_rng(2).integers(0, 3, len(risk))
    expected = np.average((time <= 700) - predicted, weights=weight)
    assert calibration_intercept(predicted, time, event, censoring, 700, weight=weight) == pytest.approx(expected)


def test_with_censoring_a_right_prediction_has_no_intercept_and_a_low_one_what_it_lacks():
    risk, time, event = a_cohort(20000)
    right = 1 - np.exp(-np.exp(risk) * 700 / 1000)
    censoring = Censoring.fit(time, event)
    assert calibration_intercept(right, time, event, censoring, 700) == pytest.approx(0.0, abs=0.01)
    assert calibration_intercept(0.9 * right, time, event, censoring, 700) == pytest.approx(
        0.1 * right.mean(), abs=0.01
    )


def test_a_constant_prediction_by_kaplan_meier_has_no_intercept():
    # With weights of these very patients the weighted mean of outcomes is Kaplan-Meier's.
    _, time, event = a_cohort(200)
    predicted = np.full(200, 1 - survival_at(kaplan_meier(time, event), 700.0))
    assert calibration_intercept(predicted, time, event, Censoring.fit(time, event), 700) == pytest.approx(0, abs=1e-9)


def test_an_intercept_of_nobody_known_is_nan():
    censoring = Censoring.fit(np.array([900.0, 950.0]), np.array([True, True]))
    assert np.isnan(calibration_intercept([0.2], [100.0], [0], censoring, 700))
    assert np.isnan(calibration_intercept([0.2], [100.0], [1], censoring, 700, weight=[0]))


def test_groups_hold_like_predictions_and_their_kaplan_meier():
    risk, time, event = a_cohort()
    predicted = 1 - np.exp(-np.exp(risk / 2) * 0.5)
    groups = calibration_groups(predicted, time, event, 300)
    assert [group.patients for group in groups] == [60] * 5
    order = np.argsort(predicted)
    for number, group in enumerate(groups):
        inside = order[60 * number : 60 * (number + 1)]
        assert group.predicted == pytest.approx(predicted[inside].mean())
        assert group.observed.value == pytest.approx(1 - survival_at(kaplan_meier(time[inside], event[inside]), 300.0))
        assert group.observed.low < group.observed.value < group.observed.high


def test_few_distinct_predictions_make_few_groups():
    _, time, event = a_cohort(100)
    groups = calibration_groups(np.repeat([0.2, 0.6], [90, 10]), time, event, 700)
    assert [(group.predicted, group.patients) for group in groups] == [
        (pytest.approx(0.2), 90),
        (pytest.approx(0.6), 10),
    ]
    assert [group.patients for group in calibration_groups(np.full(100, 0.3), time, event, 700)] == [100]


def test_a_group_of_which_all_or_none_had_the_event_has_no_interval():
    time = np.array([100.0, 200, 300, 800, 900, 1000])
    none, everyone = calibration_groups([0.9, 0.9, 0.9, 0.1, 0.1, 0.1], time, np.ones(6), 700)
    assert (none.observed.value, everyone.observed.value) == (0.0, 1.0)
    assert np.isnan([none.observed.low, none.observed.high, everyone.observed.low, everyone.observed.high]).all()


def test_a_group_not_followed_to_the_horizon_has_no_observation():
    (group,) = calibration_groups([0.5, 0.5], [10.0, 20.0], [1, 0], 700)
    assert np.isnan([group.observed.value, group.observed.low, group.observed.high]).all()
    assert group.patients == 2


@pytest.mark.parametrize("predicted", [[0.5, 1.5], [-0.1, 0.5], [np.nan, 0.5], [0.5]])
def test_predictions_that_are_no_probabilities_are_refused(predicted):
    time, event = [1.0, 800.0], [1, 1]
    with pytest.raises(ValueError, match="2 patients need 2 predictions that are probabilities"):
        calibration_groups(predicted, time, event, 700)
    with pytest.raises(ValueError, match="2 patients need 2 predictions that are probabilities"):
        calibration_intercept(predicted, time, event, Censoring.fit(time, event), 700)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_row_order_and_the_unit_of_time_change_nothing(seed):
    risk, time, event = a_cohort(60, seed, ties=True)
    predicted = 1 - np.exp(-np.exp(risk) * 0.7)
    order = np.random.default_rng(seed).permutation(60)
    shuffled = risk[order], time[order] / 100, event[order]
    assert calibration_slope(*shuffled) == pytest.approx(calibration_slope(risk, time, event), nan_ok=True)
    intercept = calibration_intercept(predicted, time, event, Censoring.fit(time, event), 700)
    other = calibration_intercept(predicted[order], *shuffled[1:], Censoring.fit(*shuffled[1:]), 7)
    assert other == pytest.approx(intercept)
    groups, others = (
        calibration_groups(predicted, time, event, 700),
        calibration_groups(predicted[order], *shuffled[1:], 7),
    )
    assert [group.observed.value for group in others] == pytest.approx(
        [group.observed.value for group in groups], nan_ok=True
    )
