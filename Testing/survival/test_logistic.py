from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from prognosis.survival.metrics.censoring import Censoring
from prognosis.survival.metrics.horizon import horizon_endpoint
from prognosis.survival.models.firth import fit_firth_logistic
from prognosis.survival.models.logistic import PENALTIES, fit_ridge_logistic

ENDOMETRIAL = np.loadtxt(Path(__file__).parent / "fixtures/endometrial.csv", delimiter=",", skiprows=1)


def some_patients(n=120, p=3, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, p))
    return x, generator.random(n) < expit(x @ np.linspace(-1, 1, p) - 0.5)


def log_likelihood(x, label, weight, parameters):
    eta = parameters[0] + x @ parameters[1:]
    return weight @ (label * eta - np.logaddexp(0, eta))


def jeffreys(x, weight, parameters):
    design = np.column_stack([np.ones(len(x)), x])
    probability = expit(design @ parameters)
    information = (design.T * (weight * probability * (1 - probability))) @ design
    return 0.5 * np.linalg.slogdet(information)[1]


def parameters_of(model):
    return np.append(model.intercept, model.coefficients)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", [0.1, 20.0])
def test_the_ridge_fit_is_the_maximum_of_its_definition(penalty, weighted):
    x, label = some_patients()
    weight = np.random.default_rng(1).uniform(0.5, 3.0, len(x)) if weighted else np.ones(len(x))
    model = fit_ridge_logistic(x, label, penalty=penalty, weight=weight)
    best = minimize(lambda b: penalty / 2 * b[1:] @ b[1:] - log_likelihood(x, label, weight, b), np.zeros(4), tol=1e-10)
    assert parameters_of(model) == pytest.approx(best.x, abs=1e-4)
    assert model.penalty == penalty


def test_next_to_no_penalty_is_maximum_likelihood():
    x, label = some_patients(300)
    model = fit_ridge_logistic(x, label, penalty=1e-6)
    assert parameters_of(model) == pytest.approx(sm.Logit(label, sm.add_constant(x)).fit(disp=0).params, abs=1e-4)


def test_the_penalty_is_heavy_for_noise_and_light_for_signal():
    x, label = some_patients(400)
    assert fit_ridge_logistic(x, label).penalty <= 10
    noise = np.random.default_rng(1).normal(size=(400, 60))
    assert fit_ridge_logistic(noise, label).penalty >= 300
    assert fit_ridge_logistic(x, label, seed=1).penalty in PENALTIES


@pytest.mark.parametrize("fit", [fit_ridge_logistic, fit_firth_logistic])
def test_weights_count_patients_and_nothing_else(fit):
    x, label = some_patients()
    weight = np.random.default_rng(1).integers(0, 4, len(x))
    options = {"penalty": 2.0} if fit is fit_ridge_logistic else {}
    weighted = fit(x, label, weight=weight, **options)
    repeated = fit(np.repeat(x, weight, axis=0), np.repeat(label, weight), **options)
    assert parameters_of(weighted) == pytest.approx(parameters_of(repeated), abs=1e-6)
    kept = weight > 0
    assert weighted.events_per_feature == min(label[kept].sum(), (~label[kept]).sum()) / 3


def test_firths_fit_of_the_endometrial_data_is_logistfs():
    model = fit_firth_logistic(ENDOMETRIAL[:, :3], ENDOMETRIAL[:, 3], intervals=True)
    assert model.intercept == pytest.approx(3.77455951, rel=1e-6)
    assert model.coefficients == pytest.approx([2.92927330, -0.03475175, -2.60416387], rel=1e-6)
    assert model.low == pytest.approx([0.6097244, -0.1244587, -4.3651832], rel=1e-5)
    assert model.high == pytest.approx([7.85463171, 0.04045547, -1.23272106], rel=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_firths_fit_is_the_maximum_of_the_penalised_likelihood(weighted):
    x, label = some_patients(40)
    weight = np.random.default_rng(1).uniform(0.5, 3.0, 40) if weighted else np.ones(40)
    best = minimize(lambda b: -log_likelihood(x, label, weight, b) - jeffreys(x, weight, b), np.zeros(4), tol=1e-10)
    assert parameters_of(fit_firth_logistic(x, label, weight=weight)) == pytest.approx(best.x, abs=1e-4)


def test_with_one_group_firth_adds_half_an_event_to_each_side():
    # Jeffreys' prior of a share is Beta(1/2, 1/2): two groups of 10 with 0 and 4 events become 0.5/11 and 4.5/11.
    x = np.repeat([[0.0], [1.0]], 10, axis=0)
    label = np.arange(20) >= 16
    model = fit_firth_logistic(x, label)
    assert model.probability(np.array([[0.0], [1.0]])) == pytest.approx([0.5 / 11, 4.5 / 11])


def test_perfect_separation_leaves_firth_and_ridge_finite():
    x = np.linspace(-1, 1, 30)[:, None]
    for model in (fit_firth_logistic(x, x[:, 0] > 0, intervals=True), fit_ridge_logistic(x, x[:, 0] > 0)):
        assert 0 < model.coefficients[0] < 200
        assert np.isfinite(model.intercept)
    firth = fit_firth_logistic(x, x[:, 0] > 0, intervals=True)
    assert 0 < firth.low[0] < firth.coefficients[0] < firth.high[0]


def test_few_events_for_each_feature_are_said():
    x, label = some_patients(60, 8)
    model = fit_firth_logistic(x, label)
    assert model.events_per_feature == min(label.sum(), (~label).sum()) / 8
    (warning,) = model.warnings
    assert f"only {model.events_per_feature:.1f} patients with the rarer outcome for each feature" in warning
    assert fit_firth_logistic(x[:, :2], label).warnings == ()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_row_order_changes_nothing_and_firths_fit_knows_no_units(seed):
    x, label = some_patients(40, 2, seed)
    order = np.random.default_rng(seed).permutation(40)
    model = fit_firth_logistic(x, label)
    assert parameters_of(fit_firth_logistic(x[order], label[order])) == pytest.approx(parameters_of(model), abs=1e-7)
    assert fit_firth_logistic(x * 10 + 3, label).probability(x * 10 + 3) == pytest.approx(model.probability(x))


@pytest.mark.parametrize(
    ("x", "label", "said"),
    [
        pytest.param(np.ones((4, 1)), [0, 1, 0, 1], "none of them a combination", id="constant"),
        pytest.param(np.eye(4), [0, 1, 0, 1], "fewer columns than patients", id="as many columns as patients"),
        pytest.param(np.ones((4, 1)), [1, 1, 1, 1], "with the event and patients without", id="one outcome"),
        pytest.param(np.full((4, 1), np.nan), [0, 1, 0, 1], "finite", id="NaN"),
        pytest.param(np.ones(4), [0, 1, 0, 1], "are needed", id="one dimension"),
        pytest.param(np.ones((4, 1)), [0, 1, 0], "are needed", id="lengths"),
    ],
)
def test_what_cannot_be_fitted_is_refused(x, label, said):
    with pytest.raises(ValueError, match=said):
        fit_firth_logistic(x, label)


def test_a_penalty_cannot_be_chosen_from_four_events():
    x, _ = some_patients(40)
    with pytest.raises(ValueError, match="as many patients with the event"):
        fit_ridge_logistic(x, np.arange(40) < 4)


# Days, event and what is known at day 730.
TIME = np.array([100.0, 730.0, 731.0, 2000.0, 730.0, 400.0, 900.0])
EVENT = np.array([1, 1, 1, 0, 0, 0, 1])


def test_the_label_at_a_horizon_leaves_out_only_who_was_censored_before():
    endpoint = horizon_endpoint(TIME, EVENT, 730)
    assert endpoint.label.tolist() == [True, True, False, False, False, False, False]
    assert endpoint.complete.tolist() == [True, True, True, True, True, False, True]
    assert (endpoint.events, endpoint.event_free, endpoint.censored, endpoint.other_cause) == (2, 4, 1, 0)
    # One of the six still followed at day 400 is censored then: whoever is known later stands for 6/5 of a patient.
    assert endpoint.weight == pytest.approx([1.0, 1.2, 1.2, 1.2, 1.2, 0.0, 1.2])


def test_death_of_another_cause_is_no_complete_case_but_known_to_the_weights():
    endpoint = horizon_endpoint(TIME, [1, 2, 1, 0, 0, 0, 2], 730, cause=1)
    assert endpoint.label.tolist() == [True, False, False, False, False, False, False]
    assert endpoint.complete.tolist() == [True, False, True, True, True, False, True]
    assert (endpoint.events, endpoint.event_free, endpoint.censored, endpoint.other_cause) == (1, 4, 1, 1)
    assert endpoint.weight[1] == pytest.approx(1.2)


def test_complete_cases_exaggerate_and_weights_do_not():
    generator = np.random.default_rng(0)
    death, censored = generator.exponential(900, 20000), generator.exponential(700, 20000)
    truth = (death <= 730).mean()
    time, event = np.minimum(death, censored), death <= censored
    endpoint = horizon_endpoint(time, event, 730)
    assert endpoint.label[endpoint.complete].mean() > truth + 0.1
    assert endpoint.weight @ endpoint.label / endpoint.weight.sum() == pytest.approx(truth, abs=0.015)
    assert endpoint.weight.mean() == pytest.approx(1.0, abs=0.02)


def test_weights_come_from_the_training_patients_given():
    censoring = Censoring.fit(np.array([100.0, 200.0, 300.0, 1000.0]), np.array([False, True, True, True]))
    endpoint = horizon_endpoint([150.0, 800.0], [1, 0], 730, censoring=censoring)
    assert endpoint.weight == pytest.approx([4 / 3, 4 / 3])


def test_weights_beyond_the_training_follow_up_are_refused():
    short = Censoring.fit(np.array([100.0, 200.0]), np.array([True, False]))
    with pytest.raises(ValueError, match=r"730.*200|200.*730"):
        horizon_endpoint([800.0], [0], 730, censoring=short)
    horizon_endpoint([150.0, 160.0], [1, 0], 730, censoring=short)


def test_a_horizon_at_time_zero_is_refused():
    with pytest.raises(ValueError, match="after time 0"):
        horizon_endpoint(TIME, EVENT, 0)
