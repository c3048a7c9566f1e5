import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.nonparametric import cumulative_incidence_competing_risks

from prognosis.survival.metrics.competing import aalen_johansen
from prognosis.survival.metrics.kaplan_meier import kaplan_meier, survival_at


def a_cohort(n=150, seed=0):
    generator = np.random.default_rng(seed)
    return np.ceil(generator.exponential(20, n)), generator.choice([0, 1, 2], n, p=[0.4, 0.4, 0.2])


def at(curve, times):
    return np.searchsorted(curve.times_days, times, side="right") - 1


def test_incidence_with_tied_times_is_scikit_survivals():
    time, cause = a_cohort()
    times, expected = cumulative_incidence_competing_risks(cause, time)
    for curve in aalen_johansen(time, cause):
        assert curve.incidence[at(curve, times)] == pytest.approx(expected[curve.cause])
        assert curve.events == (cause == curve.cause).sum()


@pytest.mark.parametrize(
    ("kind", "until", "apart"),
    [("Dinse_Approx", np.inf, 1e-9), ("Aalen", 60, 2e-3)],
    ids=["the same delta method", "near Aalen's where patients are many"],
)
def test_intervals_are_scikit_survivals(kind, until, apart):
    time, cause = a_cohort(400)
    cause[time == time.max()] = 0  # scikit-survival divides by zero where all at risk have an event
    times, _, intervals = cumulative_incidence_competing_risks(cause, time, conf_type="log-log", var_type=kind)
    for curve in aalen_johansen(time, cause):
        which = at(curve, times)
        compared = (curve.incidence[which] > 0) & (times <= until)
        low, high = intervals[curve.cause]
        assert curve.low[which][compared] == pytest.approx(low[compared], abs=apart)
        assert curve.high[which][compared] == pytest.approx(high[compared], abs=apart)


def test_without_censoring_incidence_is_a_share_and_its_variance_the_binomials():
    generator = np.random.default_rng(0)
    time, cause = np.ceil(generator.exponential(10, 60)), generator.choice([1, 2], 60)
    for curve in aalen_johansen(time, cause):
        share = np.array([((time <= t) & (cause == curve.cause)).mean() for t in curve.times_days])
        assert curve.incidence == pytest.approx(share)
        inside = (share > 0) & (share < 1)
        share = share[inside]
        reach = 1.959964 * np.sqrt(share * (1 - share) / 60) / (share * -np.log(share))
        assert curve.low[inside] == pytest.approx(share ** np.exp(reach))
        assert curve.high[inside] == pytest.approx(share ** np.exp(-reach))


def test_one_cause_is_kaplan_meier_and_greenwood():
    time, cause = a_cohort()
    (curve,) = aalen_johansen(time, cause > 0)
    expected = kaplan_meier(time, cause > 0)
    assert curve.incidence == pytest.approx(1 - expected.survival, abs=1e-12)
    # Both intervals rest on one variance: each is turned back into its standard error.
    inside = (curve.incidence > 0.01) & (curve.incidence < 0.99)
    incidence, survival = curve.incidence[inside], expected.survival[inside]
    error = np.log(np.log(curve.low[inside]) / np.log(incidence)) * incidence * -np.log(incidence)
    greenwood = np.log(np.log(expected.low[inside]) / np.log(survival)) * survival * -np.log(survival)
    assert error == pytest.approx(greenwood)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_causes_and_survival_add_up_to_one_in_any_row_order_and_unit(seed):
    time, cause = a_cohort(50, seed)
    order = np.random.default_rng(seed).permutation(50)
    curves, others = aalen_johansen(time, cause), aalen_johansen(365.25 * time[order], cause[order])
    survival = survival_at(kaplan_meier(time, cause > 0), curves[0].times_days)
    assert sum(curve.incidence for curve in curves) + survival == pytest.approx(1.0)
    for curve, other in zip(curves, others, strict=True):
        assert other.incidence == pytest.approx(curve.incidence)
        assert other.high == pytest.approx(curve.high)
        assert (np.diff(curve.incidence) >= 0).all()
        assert (curve.low <= curve.incidence).all()
        assert (curve.incidence <= curve.high).all()


def test_leaving_the_dead_of_another_cause_out_would_say_more():
    generator = np.random.default_rng(0)
    first, second = generator.exponential(10, 2000), generator.exponential(10, 2000)
    curve = aalen_johansen(np.minimum(first, second), np.where(first < second, 1, 2))[0]
    assert curve.incidence[-1] == pytest.approx(0.5, abs=0.03)
    assert 1 - survival_at(kaplan_meier(np.minimum(first, second), first < second), 30.0) > 0.9


def test_all_censored_is_no_cause():
    assert aalen_johansen([1.0, 2.0], [0, 0]) == ()


@pytest.mark.parametrize(
    ("time", "cause", "said"),
    [
        pytest.param([], [], "one value a patient", id="nobody"),
        pytest.param([-1.0], [1], "not negative", id="negative time"),
        pytest.param([np.nan], [1], "finite", id="NaN"),
        pytest.param([1.0], [-1], "numbered from 1 on", id="negative cause"),
        pytest.param([1.0], [1, 0], "one value a patient", id="lengths"),
    ],
)
def test_what_is_no_follow_up_is_refused(time, cause, said):
    with pytest.raises(ValueError, match=said):
        aalen_johansen(time, cause)
