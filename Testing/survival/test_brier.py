import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_outcomes import breast_cancer_patients, some_patients
from sksurv.metrics import brier_score, integrated_brier_score

from prognosis.survival.estimate import draw_patients
from prognosis.survival.metrics.brier import brier, brier_contributions, integrated_brier
from prognosis.survival.metrics.censoring import Censoring


def predicted(patients, days, scale):
    """Survival of a proportional hazard; any prediction would do."""
    return np.exp(-np.outer(np.exp(patients.risk / np.ptp(patients.risk)), np.asarray(days) / scale))


def by_definition(survival, patients, uncensored, censoring, days):
    """Every patient and time looked at; `uncensored` gives G for an event."""
    _, time, event = patients.all
    added = np.zeros(survival.shape)
    for i in range(len(patients)):
        for k, day in enumerate(days):
            if time[i] > day:
                added[i, k] = (1 - survival[i, k]) ** 2 / censoring.at(day)
            elif event[i]:
                added[i, k] = survival[i, k] ** 2 / uncensored(time[i])
    return added


@pytest.fixture(scope="module")
def censoring():
    training = some_patients(150, 7)
    return Censoring.fit(training.time, training.event)


def test_it_is_the_definition_with_ties(censoring):
    patients, days = some_patients(80, 2), np.array([0.0, 1.0, 10.0, 17.5, 40.0])
    survival = predicted(patients, days, 30)
    expected = by_definition(survival, patients, censoring.before, censoring, days)
    assert brier_contributions(survival, patients.time, patients.event, censoring, days) == pytest.approx(expected)
    assert brier(survival, patients.time, patients.event, censoring, days) == pytest.approx(expected.mean(axis=0))


def test_it_is_scikit_survival_where_events_of_a_day_come_before_its_censorings():
    training = some_patients(150, 7).censored_later()
    patients = some_patients(200, 1).censored_later()
    patients = patients[patients.time < training.time.max()]
    fitted = Censoring.fit(training.time, training.event)
    days = np.array([5.0, 20.5, 33.0, 50.0])
    survival = predicted(patients, days, 30)
    expected = brier_score(training.outcome, patients.outcome, survival, days)[1]
    scores = brier(survival, patients.time, patients.event, fitted, days)
    assert scores == pytest.approx(expected, abs=1e-10)
    assert integrated_brier(scores, days) == pytest.approx(
        integrated_brier_score(training.outcome, patients.outcome, survival, days), abs=1e-10
    )


def test_it_is_scikit_survival_on_real_patients():
    patients = breast_cancer_patients().censored_later()
    order = np.argsort(patients.time)
    training, tested = patients[order[1::2]], patients[order[::2]]
    fitted = Censoring.fit(training.time, training.event)
    days = np.linspace(30, 2200, 50)
    survival = predicted(tested, days, 2000)
    expected = brier_score(training.outcome, tested.outcome, survival, days)[1]
    scores = brier(survival, tested.time, tested.event, fitted, days)
    assert scores == pytest.approx(expected, abs=1e-10)
    assert integrated_brier(scores, days) == pytest.approx(
        integrated_brier_score(training.outcome, tested.outcome, survival, days), abs=1e-10
    )


def test_on_shared_days_scikit_survival_reads_the_curve_after_the_censorings(censoring):
    training, patients = some_patients(150, 7), some_patients(100, 1)
    patients = patients[patients.time < training.time.max()]
    days = np.array([10.0, 30.0])
    survival = predicted(patients, days, 30)
    after = brier_score(training.outcome, patients.outcome, survival, days)[1]
    assert after == pytest.approx(
        by_definition(survival, patients, censoring.at, censoring, days).mean(axis=0), abs=1e-10
    )
    assert np.abs(after - brier(survival, patients.time, patients.event, censoring, days)).min() > 1e-5


def test_an_example_by_hand():
    # G is 1 before day 2 and 1/2 from then on.
    fitted = Censoring.fit([1, 2, 9], [1, 0, 1])
    time, event = [1.0, 3.0, 2.0, 5.0], [1, 1, 0, 0]
    survival = np.array([[0.9, 0.5], [0.8, 0.4], [0.7, 0.3], [0.6, 0.2]])
    assert brier_contributions(survival, time, event, fitted, [1.0, 4.0]) == pytest.approx(
        np.array([[0.81, 0.25], [0.04, 0.32], [0.09, 0.0], [0.16, 1.28]])
    )


@pytest.mark.parametrize(("said", "expected"), [(0.5, 0.25), (0.0, 0.4), (1.0, 0.6)])
def test_without_censoring_it_is_the_mean_squared_error(said, expected):
    time = np.arange(1.0, 11)
    fitted = Censoring.fit(time, np.ones(10))
    assert brier(np.full((10, 1), said), time, np.ones(10), fitted, [6.0]) == pytest.approx([expected])


def test_knowing_the_outcome_scores_nothing(censoring):
    patients, days = some_patients(60, 4), np.arange(0.0, 40)
    oracle = (patients.time[:, None] > days).astype(float)
    assert (brier(oracle, patients.time, patients.event, censoring, days) == 0).all()


def test_censoring_leaves_the_score_as_it_would_be_without():
    generator = np.random.default_rng(0)
    risk = generator.normal(size=20_000)
    until_event = generator.exponential(np.exp(-risk))
    until_censored = generator.exponential(1.0, 20_000)
    time, event = np.minimum(until_event, until_censored), until_event <= until_censored
    survival = np.exp(-np.exp(risk))[:, None]
    complete = np.mean((survival[:, 0] - (until_event > 1)) ** 2)
    assert brier(survival, time, event, Censoring.fit(time, event), [1.0])[0] == pytest.approx(complete, abs=0.004)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_row_order_does_not_matter_and_weights_are_rows(censoring, seed):
    patients, generator, days = some_patients(30, seed), np.random.default_rng(seed), np.array([3.0, 15.0])
    survival = predicted(patients, days, 30)
    expected = brier(survival, patients.time, patients.event, censoring, days)
    order = generator.permutation(30)
    assert brier(survival[order], patients.time[order], patients.event[order], censoring, days) == (
        pytest.approx(expected)
    )
    drawn = generator.integers(0, 3, 30)
    rows = np.repeat(np.arange(30), drawn)
    assert brier(survival, patients.time, patients.event, censoring, days, weight=drawn) == pytest.approx(
        brier(survival[rows], patients.time[rows], patients.event[rows], censoring, days)
    )


def test_contributions_averaged_over_draws_are_the_scores_of_resamples(censoring):
    patients, days = some_patients(50), np.array([3.0, 15.0])
    outcome = predicted(patients, days, 30), patients.time, patients.event, censoring, days
    draws = draw_patients(np.zeros(50), draws=4, seed=0)
    at_once = draws @ brier_contributions(*outcome) / draws.sum(axis=1, keepdims=True)
    assert at_once == pytest.approx(np.array([brier(*outcome, weight=weight) for weight in draws]))


def test_nobody_drawn_scores_no_number(censoring):
    assert np.isnan(brier([[0.5]], [1.0], [1], censoring, [3.0], weight=[0.0])).all()


def test_integration_is_exact_for_straight_lines():
    days = np.array([0.0, 1.0, 4.0, 10.0])
    assert integrated_brier(0.1 + 0.02 * days, days) == pytest.approx(0.2)
    assert integrated_brier([0.3, 0.3], [2.0, 7.0]) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("scores", "days"),
    [
        pytest.param([0.1], [1.0], id="one time"),
        pytest.param([0.1, 0.2], [2.0, 1.0], id="times fall"),
        pytest.param([0.1, 0.2], [1.0, 1.0], id="a time twice"),
        pytest.param([0.1, 0.2, 0.3], [1.0, 2.0], id="a score too many"),
    ],
)
def test_what_cannot_be_integrated_is_refused(scores, days):
    with pytest.raises(ValueError, match="2 or more increasing times"):
        integrated_brier(scores, days)


@pytest.mark.parametrize(
    ("survival", "time", "days", "message"),
    [
        pytest.param([[0.5]], [1.0], [9.5], "end of the training follow-up, 9", id="after training follow-up"),
        pytest.param([[0.5]], [1.0], [8.0], "no training patient is followed beyond day 8", id="everybody censored"),
        pytest.param([[0.5]], [1.0], [-1.0], "day -1", id="a negative time"),
        pytest.param([[np.nan]], [1.0], [5.0], "between 0 and 1", id="NaN survival"),
        pytest.param([[1.2]], [1.0], [5.0], "between 0 and 1", id="survival above 1"),
        pytest.param([[0.5, 0.5]], [1.0], [5.0], "has shape", id="a column too many"),
        pytest.param([0.5], [1.0], [5.0], "has shape", id="no column"),
        pytest.param([[0.5]], [-1.0], [5.0], "finite and not negative", id="negative follow-up"),
    ],
)
def test_arguments_without_sense_are_refused(survival, time, days, message):
    fitted = Censoring(np.array([6.0, 8.0, 9.0]), np.array([0.5, 0.0, 0.0]))
    with pytest.raises(ValueError, match=message):
        brier_contributions(survival, time, [1], fitted, days)
