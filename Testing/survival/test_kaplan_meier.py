import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.nonparametric import kaplan_meier_estimator

from prognosis.survival.metrics.kaplan_meier import estimate_at, kaplan_meier, median_follow_up, survival_at


def a_cohort(n=80, seed=0):
    generator = np.random.default_rng(seed)
    return np.ceil(generator.exponential(20, n)), generator.random(n) < 0.6


# Remissions on 6-MP: Freireich et al., Blood 1963, 21:699; the curve is in many textbooks (Klein and Moeschberger 4.2).
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_freireichs_remissions_have_the_textbook_curve():
    curve = kaplan_meier(WEEKS, RELAPSE)
    expected = {5: 1.0, 6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448, 35: 0.448}
    assert survival_at(curve, list(expected)) == pytest.approx(list(expected.values()), abs=5e-4)
    assert (curve.patients, curve.events) == (21, 9)
    at_risk = dict(zip(curve.times_days, curve.at_risk, strict=True))
    assert [at_risk[week] for week in (0, 6, 7, 10, 23, 35)] == [21, 21, 17, 15, 6, 1]


def test_curve_and_interval_are_scikit_survivals():
    time, event = a_cohort()
    times, survival, (low, high) = kaplan_meier_estimator(event, time, conf_type="log-log")
    curve = kaplan_meier(time, event)
    assert curve.times_days.tolist() == [0.0, *times]
    assert curve.survival[1:] == pytest.approx(survival)
    inside = (survival > 0) & (survival < 1)
    assert curve.low[1:][inside] == pytest.approx(low[inside])
    assert curve.high[1:][inside] == pytest.approx(high[inside])


def test_nothing_is_said_beyond_follow_up_unless_all_have_died():
    assert np.isnan(survival_at(kaplan_meier([1, 2, 3], [1, 1, 0]), 3.1))
    assert survival_at(kaplan_meier([1, 2, 3], [1, 1, 0]), 3.0) == pytest.approx(1 / 3)
    assert survival_at(kaplan_meier([1, 2, 3], [1, 0, 1]), 100.0) == 0.0
    assert np.isnan(estimate_at(kaplan_meier([1, 2, 3], [1, 1, 0]), 4.0).low)


def test_a_time_of_zero_is_counted():
    curve = kaplan_meier([0, 0, 5, 9], [1, 0, 1, 0])
    assert curve.times_days.tolist() == [0.0, 5.0, 9.0]
    assert curve.survival == pytest.approx([0.75, 0.375, 0.375])
    assert curve.at_risk.tolist() == [4, 2, 1]


def test_the_shape_of_the_days_is_kept():
    curve = kaplan_meier(*a_cohort())
    assert survival_at(curve, np.zeros((2, 3))).shape == (2, 3)
    one = estimate_at(curve, 10.0)
    assert one.low < one.value < one.high
    assert one.value == survival_at(curve, 10.0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_row_order_changes_nothing_and_the_unit_of_time_only_times(seed):
    time, event = a_cohort(40, seed)
    order = np.random.default_rng(seed).permutation(40)
    curve, other = kaplan_meier(time, event), kaplan_meier(30 * time[order], event[order])
    assert other.times_days == pytest.approx(30 * curve.times_days)
    assert other.survival == pytest.approx(curve.survival)
    assert other.low == pytest.approx(curve.low)


def test_follow_up_counts_the_dead_as_followed_longer_than_seen():
    assert median_follow_up([10, 20, 30, 40], [0, 0, 0, 0]) == 20
    # 1 of 3 censored by 20, 2 of 3 by 30: the early death does not shorten follow-up.
    assert median_follow_up([1, 20, 30, 40], [1, 0, 0, 0]) == 30
    assert np.isnan(median_follow_up([1, 2, 3], [1, 1, 1]))


def test_uniform_follow_up_of_known_median_is_found():
    generator = np.random.default_rng(0)
    followed, death = generator.uniform(1000, 2000, 4000), generator.exponential(1500, 4000)
    assert median_follow_up(np.minimum(followed, death), death <= followed) == pytest.approx(1500, abs=40)


@pytest.mark.parametrize(
    ("time", "event", "said"),
    [
        pytest.param([], [], "one value a patient", id="nobody"),
        pytest.param([1.0, -1.0], [1, 0], "not negative", id="negative time"),
        pytest.param([1.0, np.nan], [1, 0], "finite", id="NaN"),
        pytest.param([1.0], [1, 0], "one value a patient", id="lengths"),
        pytest.param([1.0], [2], "an event is 1", id="no event"),
    ],
)
def test_what_is_no_follow_up_is_refused(time, event, said):
    for function in (kaplan_meier, median_follow_up):
        with pytest.raises(ValueError, match=said):
            function(time, event)


def test_survival_before_time_zero_is_refused():
    with pytest.raises(ValueError, match="from time 0 on"):
        survival_at(kaplan_meier([1.0], [1]), -1.0)
