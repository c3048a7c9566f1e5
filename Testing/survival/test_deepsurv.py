import json
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from lifelines import CoxPHFitter
from lifelines.utils import concordance_index
from pycox.models.loss import cox_ph_loss

from prognosis.errors import InputError
from prognosis.survival.folds import patient_folds
from prognosis.survival.models.cox_loss import cox_loss
from prognosis.survival.models.deepsurv import (
    Activation,
    DeepSurvOptions,
    fit_deepsurv,
    out_of_fold_risks,
    train_network,
)
from prognosis.survival.models.deepsurv_tuning import tune_deepsurv

QUICK = DeepSurvOptions(width=16, epochs=10, folds=3)


def drawn(log_hazard, seed):
    """Exponential times with about a third censored."""
    generator = np.random.default_rng(seed)
    n = len(log_hazard)
    time = generator.exponential(1000 * np.exp(-log_hazard))
    censored = generator.exponential(2000, n)
    return np.minimum(time, censored), time <= censored


def patients_at_risk_by_interaction(n, seed=0):
    """Two signs and three columns of noise; only patients whose signs agree are at high risk."""
    x = np.random.default_rng(seed).normal(size=(n, 5))
    x[:, :2] = np.sign(x[:, :2])
    return x, *drawn(1.5 * x[:, 0] * x[:, 1], seed + 1)


def patients_at_risk_by_chance(n, columns=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, columns)), *drawn(np.zeros(n), seed + 1)


def c_index(risk, time, event):
    return concordance_index(time, -risk, event)


def c_within_folds(risk, time, event, fold):
    return np.mean([c_index(risk[fold == k], time[fold == k], event[fold == k]) for k in np.unique(fold)])


def test_an_interaction_no_linear_model_sees_is_learnt():
    x, time, event = patients_at_risk_by_interaction(600)
    fresh, fresh_time, fresh_event = patients_at_risk_by_interaction(600, seed=50)
    table = pd.DataFrame(x).assign(time=time, event=event)
    linear = fresh @ CoxPHFitter().fit(table, "time", "event").params_.to_numpy()
    fitted = fit_deepsurv(x, time, event, 0)
    oracle = c_index(fresh[:, 0] * fresh[:, 1], fresh_time, fresh_event)
    assert 0.42 < c_index(linear, fresh_time, fresh_event) < 0.58
    assert c_index(fitted.risk(fresh), fresh_time, fresh_event) > 0.5 + 0.75 * (oracle - 0.5)
    assert c_index(fitted.out_of_fold, time, event) > 0.5 + 0.75 * (oracle - 0.5)


def test_patients_at_risk_by_chance_are_not_told_apart():
    figures = []
    for seed in range(3):
        x, time, event = patients_at_risk_by_chance(300, seed=10 * seed)
        fitted = fit_deepsurv(x, time, event, seed, QUICK)
        fresh, fresh_time, fresh_event = patients_at_risk_by_chance(300, seed=10 * seed + 5)
        fold = patient_folds(time, event, np.zeros(300), folds=QUICK.folds, seed=seed)
        figures += [c_index(fitted.risk(fresh), fresh_time, fresh_event)]
        figures += [c_within_folds(fitted.out_of_fold, time, event, fold)]
    assert np.mean(figures) == pytest.approx(0.5, abs=0.03)


def test_the_seed_decides_and_nothing_else():
    x, time, event = patients_at_risk_by_interaction(150)
    first = fit_deepsurv(x, time, event, 3, QUICK)
    torch.rand(7)
    again, other = fit_deepsurv(x, time, event, 3, QUICK), fit_deepsurv(x, time, event, 4, QUICK)
    assert np.array_equal(first.risk(x), again.risk(x))
    assert np.array_equal(first.out_of_fold, again.out_of_fold)
    assert not np.allclose(first.risk(x), other.risk(x), atol=1e-3)


def test_fitting_leaves_nothing_behind(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    x, time, event = patients_at_risk_by_interaction(100)
    random, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit_deepsurv(x, time, event, 0, tune_deepsurv(x, time, event, trials=1, folds=2))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), random)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_risks_are_centred_on_the_patients_fitted_to():
    x, time, event = patients_at_risk_by_interaction(200)
    assert fit_deepsurv(x, time, event, 0, QUICK).risk(x).mean() == pytest.approx(0, abs=1e-9)
    inside = np.arange(200) < 150
    fold = np.where(inside, 1, 0)
    shifted = x + np.where(inside, 0.0, 5.0)[:, None]
    risk = train_network(shifted[inside], time[inside], event[inside], QUICK, 0)
    assert risk(shifted[inside]).mean() == pytest.approx(0, abs=1e-9)
    assert abs(out_of_fold_risks(shifted, time, event, fold, QUICK, 0)[~inside].mean()) > 0.1


def test_a_patients_own_outcome_does_not_reach_the_out_of_fold_risk():
    x, time, event = patients_at_risk_by_interaction(150)
    fold = np.arange(150) % 3
    risk = out_of_fold_risks(x, time, event, fold, QUICK, 0)
    changed = fold == 1
    flipped = out_of_fold_risks(x, np.where(changed, time[::-1], time), event ^ changed, fold, QUICK, 0)
    assert np.array_equal(risk[changed], flipped[changed])
    assert not np.isclose(risk[~changed], flipped[~changed], atol=1e-6).any()


def test_what_a_network_has_memorised_does_not_reach_the_out_of_fold_risk():
    x, time, event = patients_at_risk_by_chance(150, columns=60)
    memorising = DeepSurvOptions(width=128, dropout=0, weight_decay=0, learning_rate=0.01, epochs=60, folds=3)
    fitted = fit_deepsurv(x, time, event, 0, memorising)
    fold = patient_folds(time, event, np.zeros(150), folds=3, seed=0)
    assert c_index(fitted.risk(x), time, event) > 0.95
    assert 0.38 < c_within_folds(fitted.out_of_fold, time, event, fold) < 0.62


def test_a_risk_does_not_depend_on_who_else_is_asked_about():
    x, time, event = patients_at_risk_by_interaction(120)
    risk = fit_deepsurv(x, time, event, 0, QUICK).risk
    alone = [risk(x[row : row + 1])[0] for row in range(10)]
    assert np.allclose(alone, risk(x)[:10], atol=1e-5)
    assert np.array_equal(risk(x), risk(x))


@pytest.mark.parametrize("activation", Activation)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_every_kind_of_network_learns_a_plain_risk(activation, batch_norm):
    x = np.random.default_rng(0).normal(size=(400, 3))
    time, event = drawn(x[:, 0], 1)
    options = replace(QUICK, layers=2, activation=activation, batch_norm=batch_norm, learning_rate=0.01, epochs=15)
    assert c_index(train_network(x, time, event, options, 0)(x), time, event) > 0.7


def test_batches_without_an_event_do_not_happen():
    x = np.random.default_rng(0).normal(size=(400, 3))
    event = np.arange(400) % 33 == 0
    risk = train_network(x, np.linspace(1, 400, 400), event, replace(QUICK, batch_patients=8), 0)
    assert np.isfinite(risk(x)).all()


def test_training_batches_matter_only_where_events_suffice():
    x, time, event = patients_at_risk_by_interaction(200)
    small, large = replace(QUICK, batch_patients=16), replace(QUICK, batch_patients=200)
    few = np.flatnonzero(event)[:15]
    rare = np.isin(np.arange(200), few)
    assert np.array_equal(train_network(x, time, rare, small, 0)(x), train_network(x, time, rare, large, 0)(x))
    assert not np.allclose(train_network(x, time, event, small, 0)(x), train_network(x, time, event, large, 0)(x))


def test_what_was_chosen_can_be_written_down():
    x, time, event = patients_at_risk_by_interaction(100)
    fit = partial(fit_deepsurv, options=replace(QUICK, activation=Activation.TANH))
    chosen = json.loads(json.dumps(dict(fit(x, time, event, 0).chosen)))
    assert chosen["activation"] == "tanh"
    assert (chosen["epochs"], chosen["width"], chosen["batch_norm"]) == (10, 16, True)


def test_the_loss_is_pycoxs_where_no_times_are_tied():
    """Both divide by the number of events. pycox takes tied patients out of the risk set in the order they come in."""
    generator = np.random.default_rng(0)
    risk, time, event = (
        torch.as_tensor(v, dtype=torch.float64)
        for v in (generator.normal(size=80), generator.exponential(size=80), generator.random(80) < 0.6)
    )
    ours = partial(cox_loss, weight=torch.ones(80, dtype=torch.float64))
    order = torch.randperm(80, generator=torch.Generator().manual_seed(1))
    assert ours(risk, time, event).item() == pytest.approx(cox_ph_loss(risk, time, event).item(), rel=1e-6)
    months = torch.ceil(4 * time)
    shuffled = (risk[order], months[order], event[order])
    assert ours(*shuffled).item() == pytest.approx(ours(risk, months, event).item(), rel=1e-12)
    assert cox_ph_loss(*shuffled).item() != pytest.approx(cox_ph_loss(risk, months, event).item(), rel=1e-4)
    assert cox_ph_loss(risk, months, event).item() < ours(risk, months, event).item()


def test_patients_tied_in_time_may_come_in_any_order():
    x, time, event = patients_at_risk_by_interaction(200)
    everybody_at_once = replace(QUICK, batch_patients=200, dropout=0.0)
    order, years = np.random.default_rng(0).permutation(200), np.ceil(time / 730)
    risk = train_network(x, years, event, everybody_at_once, 0)(x)
    other = train_network(x[order], years[order], event[order], everybody_at_once, 0)(x)
    assert len(np.unique(years)) < 15
    assert np.allclose(risk, other, atol=1e-4)


@pytest.mark.parametrize("fit", [partial(fit_deepsurv, seed=0), tune_deepsurv], ids=["fit", "tune"])
@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        pytest.param({"x": np.full((100, 2), np.nan)}, "every cell", id="nan"),
        pytest.param({"x": np.empty((100, 0))}, "at least one covariate", id="no columns"),
        pytest.param({"event": np.arange(100) < 9}, "at least 10 training patients .* got 9", id="few events"),
        pytest.param({"event": np.zeros(100, bool)}, "at least 10 training patients .* got 0", id="all censored"),
    ],
)
def test_what_cannot_be_fitted_is_refused(fit, spoilt, message):
    x, time, event = patients_at_risk_by_chance(100)
    with pytest.raises(InputError, match=message):
        fit(**{"x": x, "time": time, "event": event, **spoilt})


def test_training_that_diverges_is_said():
    x, time, event = patients_at_risk_by_chance(60)
    with pytest.raises(InputError, match="diverged"):
        train_network(1e38 * x, time, event, replace(QUICK, batch_norm=False), 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"layers": 0},
        {"width": 0},
        {"epochs": 0},
        {"folds": 1},
        {"batch_patients": 1},
        {"dropout": 1.0},
        {"weight_decay": -0.1},
        {"learning_rate": 0.0},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DeepSurvOptions(**wrong)
