import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_outcomes import breast_cancer_patients, some_patients
from sksurv.metrics import concordance_index_ipcw

from prognosis.survival.estimate import draw_patients
from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.concordance import concordance_index
from prognosis.survival.metrics.ipcw_concordance import ipcw_concordance, ipcw_pairs


def by_definition(patients, uncensored, tau, weight=None):
    """Every pair looked at; `uncensored` gives G for an event."""
    weight = np.ones(len(patients)) if weight is None else weight
    risk, time, event = patients.all
    concordant = comparable = 0.0
    for i in np.flatnonzero(event & (time < tau)):
        outlives = (time > time[i]) | ((time == time[i]) & ~event)
        pairs = weight * weight[i] * outlives / uncensored(time[i]) ** 2
        comparable += pairs.sum()
        concordant += pairs @ ((risk[i] > risk) + 0.5 * (risk[i] == risk))
    return concordant / comparable if comparable else np.nan


def trained(seed=7, **options):
    patients = some_patients(150, seed, **options)
    return patients, Censoring.fit(patients.time, patients.event)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_definition_with_ties(seed):
    _, censoring = trained()
    patients, tau = some_patients(120, seed), censoring.latest()
    weight = np.random.default_rng(seed).integers(0, 4, 120)
    assert ipcw_concordance(*patients.all, censoring, tau_days=tau) == pytest.approx(
        by_definition(patients, censoring.before, tau)
    )
    assert ipcw_concordance(*patients.all, censoring, tau_days=tau, weight=weight) == pytest.approx(
        by_definition(patients, censoring.before, tau, weight)
    )


@pytest.mark.parametrize("tau", [10.0, 30.0, 45.5])
def test_it_is_scikit_survival_where_events_of_a_day_come_before_its_censorings(tau):
    training = some_patients(150, 7).censored_later()
    patients = some_patients(200, 1).censored_later()
    censoring = Censoring.fit(training.time, training.event)
    expected = concordance_index_ipcw(training.outcome, patients.outcome, patients.risk, tau=tau)[0]
    assert ipcw_concordance(*patients.all, censoring, tau_days=tau) == pytest.approx(expected, abs=1e-10)


def test_it_is_scikit_survival_on_real_patients():
    patients = breast_cancer_patients().censored_later()
    training, tested = patients[::2], patients[1::2]
    censoring = Censoring.fit(training.time, training.event)
    expected = concordance_index_ipcw(training.outcome, tested.outcome, tested.risk, tau=2000.0)[0]
    assert ipcw_concordance(*tested.all, censoring, tau_days=2000.0) == pytest.approx(expected, abs=1e-10)


def test_on_shared_days_scikit_survival_reads_the_curve_after_the_censorings():
    training, censoring = trained()
    patients = some_patients(120, 1)
    after = concordance_index_ipcw(training.outcome, patients.outcome, patients.risk, tau=40.0)[0]
    assert after == pytest.approx(by_definition(patients, censoring.at, 40.0), abs=1e-10)
    before = ipcw_concordance(*patients.all, censoring, tau_days=40.0)
    assert before == pytest.approx(by_definition(patients, censoring.before, 40.0), abs=1e-10)
    assert abs(before - after) > 1e-5


def test_a_patient_who_counts_double_by_hand():
    # G is 1 until day 2 and 1/2 from then on: pairs of the event on day 3 count 4.
    censoring = Censoring.fit([1, 2, 9], [1, 0, 1])
    risk, time, event = [3.0, 1.0, 2.0], [1.0, 3.0, 5.0], [1, 1, 0]
    assert ipcw_concordance(risk, time, event, censoring, tau_days=9.0) == pytest.approx(2 / 6)
    assert ipcw_concordance(risk, time, event, censoring, tau_days=3.0) == pytest.approx(1.0)


def test_nobody_censored_gives_harrells():
    patients = some_patients(100)
    everyone = np.ones(100)
    censoring = Censoring.fit(patients.time, everyone)
    assert ipcw_concordance(patients.risk, patients.time, everyone, censoring, tau_days=patients.time.max()) == (
        pytest.approx(concordance_index(patients.risk, patients.time, everyone))
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_only_orders_matter_and_weights_are_rows(seed):
    training, censoring = trained()
    patients, generator = some_patients(40, seed), np.random.default_rng(seed)
    expected = ipcw_concordance(*patients.all, censoring, tau_days=40.0)
    assert ipcw_concordance(*patients[generator.permutation(40)].all, censoring, tau_days=40.0) == (
        pytest.approx(expected)
    )
    assert ipcw_concordance(patients.risk**3 + 1, patients.time, patients.event, censoring, tau_days=40.0) == (
        pytest.approx(expected)
    )
    assert ipcw_concordance(-patients.risk, patients.time, patients.event, censoring, tau_days=40.0) == (
        pytest.approx(1 - expected)
    )
    in_months = Censoring.fit(training.time / 30.4, training.event)
    assert ipcw_concordance(
        patients.risk, patients.time / 30.4, patients.event, in_months, tau_days=40.0 / 30.4
    ) == pytest.approx(expected)
    drawn = generator.integers(0, 3, 40)
    assert ipcw_concordance(*patients.all, censoring, tau_days=40.0, weight=drawn) == pytest.approx(
        ipcw_concordance(*patients[np.repeat(np.arange(40), drawn)].all, censoring, tau_days=40.0)
    )


def test_patients_sorted_once_answer_any_resample():
    _, censoring = trained()
    patients = some_patients(80)
    pairs = ipcw_pairs(*patients.all, censoring, tau_days=40.0)
    for weight in draw_patients(np.zeros(80), draws=3, seed=0):
        assert pairs(weight) == ipcw_concordance(*patients.all, censoring, tau_days=40.0, weight=weight)


def test_it_does_not_depend_on_how_patients_are_censored():
    generator = np.random.default_rng(0)
    risk = generator.normal(size=20_000)
    # A risk that tells early events and misleads on late ones, which censoring hides.
    until_event = generator.exponential(size=20_000) ** np.exp(0.7 * risk)
    complete = ipcw_concordance(risk, until_event, np.ones(20_000), Censoring.fit([9.0], [1]), tau_days=2.0)
    until_censored = generator.exponential(1.0, 20_000)
    time, event = np.minimum(until_event, until_censored), until_event <= until_censored
    weighted = ipcw_concordance(risk, time, event, Censoring.fit(time, event), tau_days=2.0)
    assert weighted == pytest.approx(complete, abs=0.01)
    assert abs(concordance_index(risk, time, event) - complete) > 0.05


def test_without_a_comparable_pair_there_is_no_figure():
    censoring = Censoring.fit([1, 9], [0, 1])
    assert np.isnan(ipcw_concordance([1, 2], [3, 4], [0, 0], censoring, tau_days=9.0))
    assert np.isnan(ipcw_concordance([1, 2], [3, 4], [1, 1], censoring, tau_days=3.0))
    assert np.isnan(ipcw_concordance([1, 2], [3, 4], [1, 1], censoring, tau_days=9.0, weight=[0, 1]))


@pytest.mark.parametrize(
    ("risk", "tau", "message"),
    [
        pytest.param([1, 2], 9.5, "end of the training follow-up, 9", id="tau after training follow-up"),
        pytest.param([1, 2], 9.0, "no training patient is followed beyond day 9", id="everybody censored before tau"),
        pytest.param([1, 2], np.nan, "day nan", id="NaN tau"),
        pytest.param([1, np.nan], 5.0, "finite risks", id="NaN risk"),
    ],
)
def test_arguments_without_sense_are_refused(risk, tau, message):
    censoring = Censoring(np.array([6.0, 8.0, 9.0]), np.array([0.5, 0.0, 0.0]))
    with pytest.raises(ValueError, match=message):
        ipcw_concordance(risk, [1, 2], [1, 1], censoring, tau_days=tau)
