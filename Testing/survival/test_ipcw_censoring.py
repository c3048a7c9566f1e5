import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from making_outcomes import breast_cancer_patients, some_patients
from sksurv.nonparametric import CensoringDistributionEstimator

from prognosis.survival.metrics.censoring import Censoring


def test_an_example_by_hand():
    censoring = Censoring.fit([1, 2, 2, 3, 4], [1, 1, 0, 0, 1])
    # Day 2: of 4 followed, one has the event first, so 1 of 3 is censored. Day 3: 1 of 2.
    assert censoring.at([0, 1, 2, 2.5, 3, 4]) == pytest.approx([1, 1, 2 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert censoring.before([0, 1, 2, 2.5, 3, 4]) == pytest.approx([1, 1, 1, 2 / 3, 2 / 3, 1 / 3])


@pytest.mark.parametrize("patients", [some_patients(300), some_patients(40, longest=4), breast_cancer_patients()])
def test_it_is_scikit_survivals_curve_with_ties(patients):
    oracle = CensoringDistributionEstimator().fit(patients.outcome)
    days = np.linspace(0, patients.time.max(), 57).round(1)
    censoring = Censoring.fit(patients.time, patients.event)
    assert censoring.at(days) == pytest.approx(oracle.predict_proba(days), abs=1e-12)
    assert censoring.at(patients.time) == pytest.approx(oracle.predict_proba(patients.time), abs=1e-12)


def test_it_is_lifelines_curve_where_events_of_a_day_come_first():
    patients = breast_cancer_patients()
    later = patients.censored_later(0.1)
    oracle = KaplanMeierFitter().fit(later.time, ~later.event)
    days = np.arange(0, 2600, 7)
    censoring = Censoring.fit(patients.time, patients.event)
    assert censoring.at(days) == pytest.approx(oracle.predict(days + 0.1).to_numpy(), abs=1e-12)
    assert censoring.before(days) == pytest.approx(oracle.predict(days).to_numpy(), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 30))
def test_the_curve_falls_from_one_and_before_is_the_limit_from_the_left(seed, n):
    patients = some_patients(n, seed, longest=6)
    censoring = Censoring.fit(patients.time, patients.event)
    days = np.arange(0, 8)
    assert censoring.before(days) == pytest.approx(censoring.at(days - 1e-9))
    assert (np.diff(censoring.at(days)) <= 0).all()
    assert censoring.before(0) == 1.0
    order = np.random.default_rng(seed).permutation(n)
    assert np.array_equal(Censoring.fit(patients.time[order], patients.event[order]).uncensored, censoring.uncensored)


def test_nobody_censored_is_certainly_followed():
    censoring = Censoring.fit([1, 2, 3], [1, 1, 1])
    assert (censoring.at([0, 1, 3, 9]) == 1).all()
    assert censoring.latest() == 3.0


def test_shapes_are_kept():
    censoring = Censoring.fit([1, 2, 3], [1, 0, 1])
    assert censoring.at(2.0).shape == ()
    assert censoring.before(np.ones((2, 3))).shape == (2, 3)


@pytest.mark.parametrize(
    ("least", "expected"),
    [(1.0, 0.0), (0.9, 1.0), (0.55, 4.0), (0.1, 9.0), (0.05, 9.0), (0.0, 10.0)],
)
def test_tau_is_the_last_day_with_enough_followed(least, expected):
    everyone_censored = Censoring.fit(np.arange(1, 11), np.zeros(10))
    assert everyone_censored.latest(least) == expected


@pytest.mark.parametrize("n", range(10, 200, 10))
def test_tau_is_not_lost_to_rounding(n):
    everyone_censored = Censoring.fit(np.arange(1, n + 1), np.zeros(n))
    assert everyone_censored.latest(0.1) == 0.9 * n


def test_tau_is_a_tenth_by_default():
    patients = some_patients(2000)
    censoring = Censoring.fit(patients.time, patients.event)
    tau = censoring.latest()
    assert censoring.at(tau) >= 0.1 > censoring.at(tau + 1)


def test_days_without_weights_are_refused():
    censoring = Censoring.fit([1, 2, 3], [1, 1, 0])
    censoring.require_known([0, 2], censoring.at([0, 2]))
    censoring.require_known(3, censoring.before(3))
    with pytest.raises(ValueError, match="no training patient is followed beyond day 3"):
        censoring.require_known(3, censoring.at(3))
    with pytest.raises(ValueError, match="day 4 is not between 0 and the end of the training follow-up, 3"):
        censoring.require_known([1, 4], [1, 1])
    with pytest.raises(ValueError, match="day -1 is not between"):
        censoring.require_known(-1, 1)


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        pytest.param([], [], "one value a patient", id="nobody"),
        pytest.param([1, np.nan], [0, 1], "finite and not negative", id="NaN time"),
        pytest.param([1, 2], [0, 3], "event is 1", id="event 3"),
    ],
)
def test_training_patients_without_sense_are_refused(time, event, message):
    with pytest.raises(ValueError, match=message):
        Censoring.fit(time, event)
