import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prognosis.survival.metrics.judging import calibration_slope
from prognosis.survival.models.calibrating import calibrate, cox_slope


def a_cohort(n=300, seed=0, effect=0.7, *, whole_years=False):
    generator = np.random.default_rng(seed)
    risk = generator.normal(size=n)
    time = generator.exponential(1000 * np.exp(-effect * risk)) + 1
    time = np.ceil(time / 365.25) if whole_years else time
    return risk, time, generator.random(n) < 0.7


@pytest.mark.parametrize("whole_years", [False, True])
def test_a_risk_calibrated_on_the_same_patients_has_slope_one(whole_years):
    risk, time, event = a_cohort(whole_years=whole_years)
    calibrated = calibrate(risk, time, event)
    log_hazard = calibrated.slope * (risk - calibrated.mean_risk)
    assert calibration_slope(log_hazard, time, event) == pytest.approx(1.0, abs=1e-6)


def test_expected_events_are_those_seen():
    risk, time, event = a_cohort(whole_years=True)
    calibrated = calibrate(risk, time, event)
    at = np.searchsorted(calibrated.times_days, time)
    relative = np.exp(calibrated.slope * (risk - calibrated.mean_risk))
    assert (relative * calibrated.cumulative_hazard[at]).sum() == pytest.approx(event.sum())


def test_a_reversed_order_is_taken_for_none_when_asked():
    risk, time, event = a_cohort()
    assert calibrate(-risk, time, event).slope < -0.3
    flat = calibrate(-risk, time, event, forwards=True)
    assert flat.slope == 0
    survival = flat.survival_of([-3.0, 3.0], [500.0])
    assert survival[0] == survival[1]


def test_one_risk_for_all_gives_everybodys_curve():
    _, time, event = a_cohort()
    calibrated = calibrate(np.ones(len(time)), time, event)
    assert calibrated.slope == 0
    assert 0 < calibrated.survival_at(1.0, 500.0) < 1


def test_an_order_without_fault_stays_finite():
    time = np.arange(1.0, 31.0)
    calibrated = calibrate(-time, time, np.ones(30))
    assert 0 < calibrated.slope < np.inf
    assert np.isnan(cox_slope(-time, time, np.ones(30)))


def test_risks_that_no_event_compares_have_no_slope():
    assert np.isnan(cox_slope([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [0, 0, 1]))


def test_wild_risks_give_probabilities():
    risk, time, event = a_cohort()
    survival = calibrate(risk, time, event).survival_of([-1e6, 0.0, 1e6], [0.0, 100.0, 1000.0])
    assert ((survival >= 0) & (survival <= 1)).all()
    assert survival[:, 0].tolist() == [1, 1, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(1, 4), st.booleans()), min_size=2, max_size=8))
def test_small_cohorts_never_break_it(patients):
    risk, time, event = (np.array(values, float) for values in zip(*patients, strict=True))
    if not event.any():
        return
    calibrated = calibrate(risk, time, event)
    assert np.isfinite(calibrated.slope)
    assert np.isfinite(calibrated.cumulative_hazard).all()
