import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prognosis.survival.metrics.decision import decision_curve
from prognosis.survival.metrics.kaplan_meier import kaplan_meier, survival_at


def a_cohort(n=300, seed=0, *, censored=True):
    generator = np.random.default_rng(seed)
    hazard = np.exp(generator.normal(size=n)) / 1000
    time = generator.exponential(1 / hazard)
    follow_up = generator.uniform(800, 3000, n) if censored else np.full(n, np.inf)
    return 1 - np.exp(-700 * hazard), np.minimum(time, follow_up), time <= follow_up


def test_without_censoring_net_benefit_counts_true_and_false_alarms():
    predicted, time, event = a_cohort(censored=False)
    curve = decision_curve(predicted, time, event, 700)
    for threshold, benefit in zip(curve.thresholds, curve.net_benefit, strict=True):
        acted = predicted >= threshold
        right, wrong = (acted & (time <= 700)).mean(), (acted & (time > 700)).mean()
        assert benefit == pytest.approx(right - wrong * threshold / (1 - threshold))


def test_acting_on_all_is_worth_the_frequency_less_the_odds():
    predicted, time, event = a_cohort()
    curve = decision_curve(predicted, time, event, 700)
    survival = float(survival_at(kaplan_meier(time, event), 700))
    odds = curve.thresholds / (1 - curve.thresholds)
    assert curve.act_on_all == pytest.approx(1 - survival - survival * odds)
    assert np.interp(1 - survival, curve.thresholds, curve.act_on_all) == pytest.approx(0.0, abs=1e-3)


def test_a_threshold_below_all_predictions_acts_on_all_and_one_above_on_nobody():
    _, time, event = a_cohort()
    curve = decision_curve(np.full(300, 0.5), time, event, 700)
    below = curve.thresholds <= 0.5
    assert below.sum() == 50
    assert curve.net_benefit[below] == pytest.approx(curve.act_on_all[below])
    assert (curve.net_benefit[~below] == 0).all()


def test_a_right_model_is_worth_more_than_either_extreme():
    curve = decision_curve(*a_cohort(8000), 700)
    middle = (curve.thresholds > 0.2) & (curve.thresholds < 0.8)
    assert (curve.net_benefit[middle] > np.maximum(curve.act_on_all, 0)[middle]).all()


def test_with_censoring_the_curve_is_near_that_of_full_follow_up():
    predicted, time, event = a_cohort(8000, censored=False)
    full = decision_curve(predicted, time, event, 700)
    follow_up = np.random.default_rng(1).uniform(0, 2000, 8000)
    part = decision_curve(predicted, np.minimum(time, follow_up), time <= follow_up, 700)
    low = full.thresholds < 0.6
    assert part.net_benefit[low] == pytest.approx(full.net_benefit[low], abs=0.02)


def test_what_was_not_followed_to_the_horizon_is_unknown():
    curve = decision_curve([0.9, 0.1, 0.1], [10.0, 800.0, 900.0], [0, 1, 1], 700)
    assert np.isnan(curve.net_benefit[curve.thresholds > 0.2][0])
    assert np.isfinite(curve.net_benefit[curve.thresholds < 0.1]).all()


@pytest.mark.parametrize("predicted", [[0.5, 1.5], [-0.1, 0.5], [np.nan, 0.5], [0.5]])
def test_predictions_that_are_no_probabilities_are_refused_for_decisions(predicted):
    with pytest.raises(ValueError, match="must be probabilities, one a patient"):
        decision_curve(predicted, [1.0, 2.0], [1, 1], 700)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000))
def test_row_order_and_the_unit_of_time_change_no_decision(seed):
    predicted, time, event = a_cohort(40, seed)
    order = np.random.default_rng(seed).permutation(40)
    curve = decision_curve(predicted, time, event, 700)
    other = decision_curve(predicted[order], 24 * time[order], event[order], 24 * 700)
    assert other.net_benefit == pytest.approx(curve.net_benefit, nan_ok=True)
