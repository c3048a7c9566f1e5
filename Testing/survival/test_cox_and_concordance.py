import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from lifelines.utils import concordance_index

from prognosis.survival.folds import patient_folds
from prognosis.survival.metrics.concordance import concordance
from prognosis.survival.models.calibrating import calibrate
from prognosis.survival.models.cox_loss import cox_loss


def a_cohort(n=200, seed=0, *, ties=True):
    generator = np.random.default_rng(seed)
    risk = np.round(generator.normal(size=n), 1 if ties else 9)
    time = generator.exponential(10 * np.exp(-risk))
    time = np.ceil(time) if ties else time
    event = (generator.random(n) < 0.7).astype(int)
    return risk, time, event


def loss_of(risk, time, event, weight=None):
    weight = np.ones(len(risk)) if weight is None else weight
    return float(cox_loss(*(torch.as_tensor(np.asarray(v, float)) for v in (risk, time, event, weight))))


def breslow_by_definition(risk, time, event, weight):
    total = sum(
        weight[i] * (np.log((weight * np.exp(risk))[time >= time[i]].sum()) - risk[i]) for i in np.flatnonzero(event)
    )
    return total / (weight * event).sum()


def test_the_loss_is_breslows_partial_likelihood():
    risk, time, event = a_cohort(60)
    weight = np.random.default_rng(1).uniform(0.2, 1.0, 60)
    assert loss_of(risk, time, event, weight) == pytest.approx(
        breslow_by_definition(risk, time, event, weight), rel=1e-9
    )


def test_the_slope_that_minimises_the_loss_is_lifelines_coefficient():
    risk, time, event = a_cohort(ties=False)
    fitted = CoxPHFitter().fit(pd.DataFrame({"x": risk, "t": time, "e": event}), "t", "e")
    slope = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    tensors = [torch.as_tensor(np.asarray(v, float)) for v in (time, event, np.ones(len(risk)))]
    optimizer = torch.optim.LBFGS([slope], max_iter=50, tolerance_grad=1e-12)

    def closure():
        optimizer.zero_grad()
        loss = cox_loss(slope * torch.as_tensor(risk), *tensors)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert slope.item() == pytest.approx(fitted.params_["x"], rel=1e-4)


@given(st.integers(0, 1000))
def test_the_loss_ignores_row_order_time_scale_and_a_common_shift(seed):
    risk, time, event = a_cohort(40, seed)
    event[0] = 1
    order = np.random.default_rng(seed).permutation(40)
    expected = loss_of(risk, time, event)
    assert loss_of(risk[order], time[order], event[order]) == pytest.approx(expected)
    assert loss_of(risk + 3, time * 7, event) == pytest.approx(expected)


def test_two_annotations_at_half_weight_count_as_one_patient():
    risk, time, event = a_cohort(50)
    twice = [np.concatenate([v, v[:1]]) for v in (risk, time, event)]
    weight = np.ones(51)
    weight[[0, 50]] = 0.5
    assert loss_of(*twice, weight) == pytest.approx(loss_of(risk, time, event))


def test_a_loss_without_events_is_refused():
    with pytest.raises(ValueError, match="at least one event"):
        loss_of([0.0, 1.0], [1.0, 2.0], [0, 0])


@pytest.mark.parametrize("seed", range(5))
def test_concordance_is_lifelines_with_ties(seed):
    risk, time, event = a_cohort(150, seed)
    estimate = concordance(risk, time, event, bootstraps=50)
    assert estimate.value == pytest.approx(concordance_index(time, -risk, event), abs=1e-6)
    assert estimate.low < estimate.value < estimate.high


def test_pairs_across_strata_are_not_compared():
    risk, time, event = a_cohort(100)
    strata = np.arange(100) % 2
    shifted = risk + 100.0 * strata
    within = concordance(shifted, time, event, strata=strata, bootstraps=0)
    assert within.value == pytest.approx(concordance(risk, time, event, strata=strata, bootstraps=0).value)
    assert within.value != pytest.approx(concordance(shifted, time, event, bootstraps=0).value, abs=0.02)


def test_the_interval_covers_its_true_value_about_as_often_as_it_says():
    covered = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        estimate = concordance(
            generator.normal(size=60), generator.exponential(size=60), np.ones(60), bootstraps=200, seed=seed
        )
        covered += estimate.low <= 0.5 <= estimate.high
    assert 87 <= covered <= 100


def test_concordance_without_comparable_pairs_is_refused():
    with pytest.raises(ValueError, match="no comparable pair"):
        concordance([1.0, 2.0], [1.0, 2.0], [0, 0])


def test_survival_from_calibration_is_lifelines():
    risk, time, event = a_cohort(ties=False)
    calibration = calibrate(risk, time, event)
    fitted = CoxPHFitter().fit(pd.DataFrame({"x": risk, "t": time, "e": event}), "t", "e")
    at = float(np.sort(time)[100])
    expected = fitted.predict_survival_function(pd.DataFrame({"x": [0.7]}), [at]).iloc[0, 0]
    assert calibration.survival_at(0.7, at) == pytest.approx(expected, rel=1e-5)
    assert calibration.survival_at(0.7, 0.0) == 1.0
    assert calibration.survival_at(0.7, time.max() + 1) is None


def test_folds_keep_outcome_and_group_in_balance():
    _, time, event = a_cohort(203)
    group = np.where(np.arange(203) % 3, "a", "b")
    fold = patient_folds(time, event, group, folds=4, seed=0)
    assert set(np.bincount(fold)) <= {50, 51}
    assert np.ptp([event[fold == n].mean() for n in range(4)]) < 0.06
    assert np.ptp([(group[fold == n] == "a").mean() for n in range(4)]) < 0.06
    assert np.array_equal(fold, patient_folds(time, event, group, folds=4, seed=0))
    assert not np.array_equal(fold, patient_folds(time, event, group, folds=4, seed=1))


def test_more_folds_than_events_are_refused():
    with pytest.raises(ValueError, match="as many events"):
        patient_folds([1.0, 2.0, 3.0], [1, 0, 0], ["", "", ""], folds=2, seed=0)
