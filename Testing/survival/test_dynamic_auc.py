import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_outcomes import breast_cancer_patients, some_patients
from sklearn.metrics import roc_auc_score
from sksurv.metrics import cumulative_dynamic_auc

from prognosis.survival.estimate import draw_patients
from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.dynamic_auc import DynamicAUC, dynamic_auc


def by_definition(patients, uncensored, day, weight=None):
    """Every pair of a case and a control; `uncensored` gives G for an event."""
    weight = np.ones(len(patients)) if weight is None else weight
    risk, time, event = patients.all
    concordant = pairs = 0.0
    for i in np.flatnonzero(event & (time <= day)):
        for j in np.flatnonzero(time > day):
            pair = weight[i] * weight[j] / uncensored(time[i])
            pairs += pair
            concordant += pair * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
    return concordant / pairs if pairs else np.nan


@pytest.fixture(scope="module")
def censoring():
    training = some_patients(150, 7)
    return Censoring.fit(training.time, training.event)


@pytest.mark.parametrize("day", [1.0, 10.0, 17.5, 40.0])
def test_it_is_the_definition_with_ties(censoring, day):
    patients = some_patients(100, 2)
    weight = np.random.default_rng(0).integers(0, 4, 100)
    assert dynamic_auc(*patients.all, censoring, day) == pytest.approx(by_definition(patients, censoring.before, day))
    assert dynamic_auc(*patients.all, censoring, day, weight=weight) == pytest.approx(
        by_definition(patients, censoring.before, day, weight)
    )


@pytest.mark.parametrize("decimals", [0, 1, 12], ids=["many tied risks", "some tied risks", "no tied risks"])
def test_it_is_scikit_survival_where_events_of_a_day_come_before_its_censorings(decimals):
    training = some_patients(150, 7).censored_later()
    # As scikit-survival wants it: nobody followed longer than training patients.
    patients = some_patients(200, 1, decimals=decimals).censored_later()
    patients = patients[patients.time < training.time.max()]
    fitted = Censoring.fit(training.time, training.event)
    days = np.array([5.0, 20.5, 33.0, 50.0])
    expected = cumulative_dynamic_auc(training.outcome, patients.outcome, patients.risk, days)[0]
    assert [dynamic_auc(*patients.all, fitted, day) for day in days] == pytest.approx(list(expected), abs=1e-10)


def test_it_is_scikit_survival_on_real_patients():
    patients = breast_cancer_patients().censored_later()
    order = np.argsort(patients.time)
    training, tested = patients[order[1::2]], patients[order[::2]]
    fitted = Censoring.fit(training.time, training.event)
    days = 365.25 * np.array([1.0, 3.0, 5.0])
    expected = cumulative_dynamic_auc(training.outcome, tested.outcome, tested.risk, days)[0]
    assert [dynamic_auc(*tested.all, fitted, day) for day in days] == pytest.approx(list(expected), abs=1e-10)


def test_on_shared_days_scikit_survival_reads_the_curve_after_the_censorings(censoring):
    training, patients = some_patients(150, 7), some_patients(100, 1)
    patients = patients[patients.time < training.time.max()]
    after = cumulative_dynamic_auc(training.outcome, patients.outcome, patients.risk, [30.0])[0][0]
    assert after == pytest.approx(by_definition(patients, censoring.at, 30.0), abs=1e-10)
    before = dynamic_auc(*patients.all, censoring, 30.0)
    assert before == pytest.approx(by_definition(patients, censoring.before, 30.0), abs=1e-10)
    assert abs(before - after) > 1e-5


def test_nobody_censored_gives_the_ordinary_area():
    patients = some_patients(200, 3)
    everyone = np.ones(200)
    fitted = Censoring.fit(patients.time, everyone)
    weight = np.random.default_rng(0).integers(0, 3, 200)
    expected = roc_auc_score(patients.time <= 12, patients.risk, sample_weight=weight)
    assert dynamic_auc(patients.risk, patients.time, everyone, fitted, 12.0, weight=weight) == pytest.approx(expected)


def test_an_example_by_hand():
    # G is 1/2 from day 2 on: the event on day 3 counts twice. Patient 3 was censored before day 4: no pair.
    fitted = Censoring.fit([1, 2, 9], [1, 0, 1])
    risk, time, event = [3.0, 1.0, 9.0, 2.0, 1.0], [1.0, 3.0, 2.0, 5.0, 6.0], [1, 1, 0, 0, 1]
    # Event of day 1: beats both controls. Event of day 3: loses one, ties one.
    assert dynamic_auc(risk, time, event, fitted, 4.0) == pytest.approx((2 + 2 * 0.5) / (2 + 2 * 2))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_only_the_order_of_risks_matters_and_weights_are_rows(censoring, seed):
    patients, generator = some_patients(50, seed), np.random.default_rng(seed)
    expected = dynamic_auc(*patients.all, censoring, 15.0)
    assert dynamic_auc(*patients[generator.permutation(50)].all, censoring, 15.0) == pytest.approx(expected)
    assert dynamic_auc(np.exp(patients.risk), patients.time, patients.event, censoring, 15.0) == pytest.approx(expected)
    assert dynamic_auc(-patients.risk, patients.time, patients.event, censoring, 15.0) == pytest.approx(1 - expected)
    drawn = generator.integers(0, 3, 50)
    assert dynamic_auc(*patients.all, censoring, 15.0, weight=drawn) == pytest.approx(
        dynamic_auc(*patients[np.repeat(np.arange(50), drawn)].all, censoring, 15.0), nan_ok=True
    )


def test_patients_ranked_once_answer_any_resample(censoring):
    patients = some_patients(80)
    area = DynamicAUC.of(*patients.all, censoring, 20.0)
    for weight in draw_patients(np.zeros(80), draws=3, seed=0):
        assert area(weight) == dynamic_auc(*patients.all, censoring, 20.0, weight=weight)


@pytest.mark.parametrize(
    ("time", "event", "weight"),
    [
        pytest.param([1, 20], [0, 1], None, id="nobody had the event by then"),
        pytest.param([1, 2], [1, 1], None, id="nobody is followed beyond"),
        pytest.param([1, 15], [1, 0], None, id="censored on the day itself"),
        pytest.param([1, 20], [1, 1], [0, 2], id="no case was drawn"),
    ],
)
def test_without_cases_or_controls_there_is_no_figure(censoring, time, event, weight):
    assert np.isnan(dynamic_auc([2, 1], time, event, censoring, 15.0, weight=weight))


@pytest.mark.parametrize(
    ("risk", "day", "message"),
    [
        pytest.param([1, 2], 9.5, "end of the training follow-up, 9", id="after training follow-up"),
        pytest.param([1, 2], 9.0, "no training patient is followed beyond day 9", id="everybody censored by then"),
        pytest.param([1, np.nan], 5.0, "finite risks", id="NaN risk"),
    ],
)
def test_arguments_without_sense_are_refused(risk, day, message):
    fitted = Censoring(np.array([6.0, 8.0, 9.0]), np.array([0.5, 0.0, 0.0]))
    with pytest.raises(ValueError, match=message):
        dynamic_auc(risk, [1, 2], [1, 1], fitted, day)
