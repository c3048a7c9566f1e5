from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi
from lifelines.utils import concordance_index
from scipy.optimize import minimize
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from prognosis.cohort.columns import NumberColumn
from prognosis.survival.folds import patient_folds
from prognosis.survival.models.cox_model import PENALTIES, LinearRisk, RiskSets, fit_cox, separating_columns
from prognosis.survival.models.encoding import Encoder

REAL = Path(__file__).resolve().parents[3] / "shared/data/survival"


def a_cohort(n=200, p=4, seed=0, *, ties=False):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, p))
    hazard = np.exp(x @ np.linspace(-0.8, 0.8, p))
    time = generator.exponential(100 / hazard)
    return x, np.ceil(time / 20) if ties else time, generator.random(n) < 0.7


def by_lifelines(x, time, event, weight=None):
    table = pd.DataFrame(x).assign(time=time, event=event, weight=1 if weight is None else weight)
    fitted = CoxPHFitter().fit(
        table, "time", "event", weights_col="weight", robust=True, fit_options={"precision": 1e-12}
    )
    return fitted.params_.to_numpy()


def breslow_by_definition(x, time, event, weight, coefficients):
    eta = x @ coefficients
    return sum(
        weight[i] * (eta[i] - np.log((weight * np.exp(eta))[time >= time[i]].sum())) for i in np.flatnonzero(event)
    )


def test_without_penalty_and_ties_the_coefficients_are_lifelines():
    x, time, event = a_cohort()
    assert RiskSets.of(x, time, event).fit(0.0) == pytest.approx(by_lifelines(x, time, event), abs=1e-6)


def test_whole_weights_count_patients_as_lifelines_does():
    x, time, event = a_cohort()
    weight = np.random.default_rng(1).integers(0, 4, len(time))
    used = weight > 0
    expected = by_lifelines(x[used], time[used], event[used], weight[used])
    assert RiskSets.of(x, time, event, weight).fit(0.0) == pytest.approx(expected, abs=1e-6)


def test_with_ties_a_weight_of_two_is_two_patients():
    x, time, event = a_cohort(ties=True)
    weight = np.random.default_rng(1).integers(0, 4, len(time))
    repeated = [np.repeat(values, weight, axis=0) for values in (x, time, event)]
    assert RiskSets.of(x, time, event, weight).fit(1.0) == pytest.approx(RiskSets.of(*repeated).fit(1.0), abs=1e-9)


@pytest.mark.parametrize("penalty", [0.0, 3.0, 500.0])
def test_penalised_and_tied_the_coefficients_are_scikit_survivals(penalty):
    x, time, event = a_cohort(ties=True)
    oracle = CoxPHSurvivalAnalysis(alpha=penalty, ties="breslow", tol=1e-12).fit(x, Surv.from_arrays(event, time))
    assert RiskSets.of(x, time, event).fit(penalty) == pytest.approx(oracle.coef_, abs=1e-6)


def test_the_likelihood_is_breslows_and_the_fit_its_maximum():
    x, time, event = a_cohort(60, 3, ties=True)
    weight = np.random.default_rng(1).uniform(0.2, 2.0, 60)
    sets = RiskSets.of(x, time, event, weight)
    start = np.array([0.3, -0.2, 1.0])
    assert sets.log_likelihood(start) == pytest.approx(breslow_by_definition(x, time, event, weight, start))
    best = minimize(lambda b: b @ b - breslow_by_definition(x, time, event, weight, b), np.zeros(3), tol=1e-10)
    assert sets.fit(2.0) == pytest.approx(best.x, abs=1e-4)


def test_the_tied_example_of_therneau_and_grambsch_has_its_closed_form():
    # Modeling Survival Data, 2000, appendix E: under Breslow's ties exp(beta) solves r^2 - 3 r - 6 = 0.
    x = np.array([[1.0], [1], [1], [0], [0], [0]])
    sets = RiskSets.of(x, [1, 1, 6, 6, 8, 9], [1, 0, 1, 1, 0, 1])
    beta = np.log((3 + np.sqrt(33)) / 2)
    assert sets.fit(0.0) == pytest.approx([beta], abs=1e-8)
    ratio = np.exp(beta)
    assert sets.log_likelihood(np.array([beta])) == pytest.approx(
        2 * beta - np.log(3 * ratio + 3) - 2 * np.log(ratio + 3)
    )


def test_rossis_recidivism_comes_close_to_the_published_efron_fit():
    # R's coxph in Fox and Weisberg, An R Companion to Applied Regression, appendix on Cox regression. Efron's ties and
    # Breslow's differ in the third decimal.
    rossi = load_rossi()
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    published = [-0.37942, -0.05744, 0.31390, -0.14980, -0.43370, -0.08487, 0.09150]
    sets = RiskSets.of(rossi[names].to_numpy(float), rossi["week"], rossi["arrest"])
    assert sets.fit(0.0) == pytest.approx(published, abs=2e-3)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([1e-3, 30.4, 1e6]))
def test_row_order_and_the_unit_of_time_change_nothing(seed, scale):
    x, time, event = a_cohort(80, 3, seed, ties=True)
    order = np.random.default_rng(seed).permutation(80)
    expected = RiskSets.of(x, time, event).fit(0.5)
    assert RiskSets.of(x[order], time[order] * scale, event[order]).fit(0.5) == pytest.approx(expected, abs=1e-8)
    assert RiskSets.of(x + 1000, time, event).fit(0.5) == pytest.approx(expected, abs=1e-6)


def test_hazards_of_any_size_neither_overflow_nor_vanish():
    x, time, event = a_cohort(100, 2)
    sets = RiskSets.of(1000 * x, time, event)
    assert sets.fit(0.0) == pytest.approx(RiskSets.of(x, time, event).fit(0.0) / 1000, rel=1e-6)
    assert np.isfinite(sets.log_likelihood(np.array([5.0, -5.0])))
    assert np.isfinite(sets.fit(1e-9, start=np.array([2.0, 2.0]))).all()


@pytest.mark.parametrize(
    ("dataset", "reached"), [("metabric_IHC4_clinical", 0.632), ("support", 0.583)], ids=["METABRIC", "SUPPORT"]
)
def test_the_published_cox_c_index_of_the_published_split_is_met(dataset, reached):
    file = REAL / f"{dataset}_train_test.h5"
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    import h5py

    with h5py.File(file) as stored:
        parts = [np.concatenate([stored["train"][key][:], stored["test"][key][:]]).astype(float) for key in "xte"]
        training, test = np.split(np.arange(len(parts[1])), [len(stored["train/t"])])
    x, time, event = parts
    columns = [NumberColumn(f"x{number}", values) for number, values in enumerate(x.T)]
    encoder = Encoder.fit(columns, training)
    fitted = fit_cox(encoder.encode(columns, training), time[training], event[training] == 1, seed=0)
    c_index = concordance_index(time[test], -fitted.risk(encoder.encode(columns, test)), event[test])
    assert c_index == pytest.approx(reached, abs=0.005)


def test_with_many_events_and_few_columns_next_to_nothing_is_penalised():
    x, time, event = a_cohort(1500, 3)
    fitted = fit_cox(x, time, event, 0)
    assert fitted.risk.coefficients == pytest.approx(RiskSets.of(x, time, event).fit(0.0), abs=0.01)


def test_with_more_columns_than_patients_the_penalty_is_heavy_and_the_fit_exact():
    x, time, event = a_cohort(60, 4)
    x = np.hstack([x, np.random.default_rng(1).normal(size=(60, 80))])
    fitted = fit_cox(x, time, event, 0)
    assert fitted.chosen["penalty"] >= 10
    direct = LinearRisk(RiskSets.of(x, time, event).fit(fitted.chosen["penalty"]), x.mean(axis=0))
    assert fitted.risk(x) == pytest.approx(direct(x), abs=1e-6)


def test_the_penalty_is_the_one_of_largest_cross_validated_likelihood():
    x, time, event = a_cohort(120, 6)
    x[:, 3:] = np.random.default_rng(5).normal(size=(120, 3))
    fold = patient_folds(time, event, np.zeros(120), folds=5, seed=3)

    def likelihood(penalty):
        total = 0.0
        for number in range(5):
            inside = fold != number
            some = RiskSets.of(x[inside], time[inside], event[inside])
            coefficients = some.fit(penalty)
            everybody = breslow_by_definition(x, time, event, np.ones(120), coefficients)
            total += everybody - some.log_likelihood(coefficients)
        return total

    assert fit_cox(x, time, event, 3).chosen == {"penalty": max(PENALTIES, key=likelihood)}


def test_each_out_of_fold_risk_is_of_a_model_that_never_saw_the_patient():
    x, time, event = a_cohort(150, 4)
    fitted = fit_cox(x, time, event, 7)
    fold = patient_folds(time, event, np.zeros(150), folds=5, seed=7)
    for number in range(5):
        inside = fold != number
        coefficients = RiskSets.of(x[inside], time[inside], event[inside]).fit(fitted.chosen["penalty"])
        expected = LinearRisk(coefficients, x[inside].mean(axis=0))(x[~inside])
        assert fitted.out_of_fold[~inside] == pytest.approx(expected, abs=1e-6)
    assert fitted.risk(x).mean() == pytest.approx(0.0, abs=1e-12)


def test_noise_alone_earns_no_out_of_fold_concordance():
    generator = np.random.default_rng(0)
    values = []
    for _ in range(10):
        time, event = generator.exponential(size=100), generator.random(100) < 0.7
        fitted = fit_cox(generator.normal(size=(100, 20)), time, event, 0)
        values.append(concordance_index(time, -fitted.out_of_fold, event))
    assert 0.42 < np.mean(values) < 0.56


def test_a_perfectly_separating_column_is_held_by_the_penalty_and_said():
    x, time, event = a_cohort(120, 2)
    perfect = -np.argsort(np.argsort(time)).astype(float)
    x = np.column_stack([x, perfect / perfect.std()])
    fitted = fit_cox(x, time, event, 0)
    assert fitted.chosen["separating_columns"] == "3"
    assert np.isfinite(fitted.risk.coefficients).all()
    assert concordance_index(time, -fitted.risk(x), event) > 0.98


def test_a_category_without_events_separates_and_a_constant_does_not():
    x, time, event = a_cohort(100, 1)
    spared = np.zeros(100)
    spared[np.flatnonzero(~event)[:5]] = 1
    event[np.argmax(time)] = False
    columns = np.column_stack([x, np.ones(100), spared, -spared])
    assert separating_columns(columns, time, event).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(lambda x, t, e: (x, t, e & False), "at least one event", id="no event"),
        pytest.param(lambda x, t, e: (x, t, e & (np.cumsum(e) < 4)), "as many events, got 3", id="few events"),
        pytest.param(lambda x, t, e: (x * np.nan, t, e), "finite covariates", id="NaN"),
        pytest.param(lambda x, t, e: (x[:, 0], t, e), "covariates of shape", id="one dimension"),
        pytest.param(lambda x, t, e: (x[:, :0], t, e), "covariates of shape", id="no column"),
        pytest.param(lambda x, t, e: (x[1:], t, e), "50 patients need finite covariates", id="lengths differ"),
    ],
)
def test_what_cannot_be_fitted_is_refused(spoil, said):
    with pytest.raises(ValueError, match=said):
        fit_cox(*spoil(*a_cohort(50)), 0)
