from dataclasses import replace

import numpy as np
import pytest
import torch
from lifelines.utils import concordance_index

from prognosis.survival.folds import patient_folds
from prognosis.survival.models.cox_loss import cox_loss
from prognosis.survival.models.deepsurv import DeepSurvOptions, fit_deepsurv, out_of_fold_risks
from prognosis.survival.models.deepsurv_tuning import tune_deepsurv


def patients(n, strength, seed=0):
    """Risk by whether two columns have the same sign."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 4))
    time = generator.exponential(np.exp(-strength * np.sign(x[:, 0] * x[:, 1])))
    censored = generator.exponential(2.0, n)
    return x, np.minimum(time, censored), time <= censored


def test_tuning_is_decided_by_its_seed():
    cohort = patients(120, 1.0)
    first = tune_deepsurv(*cohort, trials=3, folds=3, seed=1)
    torch.rand(5)
    assert tune_deepsurv(*cohort, trials=3, folds=3, seed=1) == first
    assert first.folds == 3
    assert len({tune_deepsurv(*cohort, trials=3, folds=3, seed=seed).learning_rate for seed in range(4)}) > 1


def test_a_single_trial_tunes_the_epochs_of_the_defaults():
    found = tune_deepsurv(*patients(150, 1.5), trials=1, folds=3)
    assert found == DeepSurvOptions(folds=3, epochs=found.epochs)
    assert found.epochs != DeepSurvOptions().epochs


def test_training_stops_early_where_there_is_nothing_to_learn():
    signal = tune_deepsurv(*patients(200, 2.0), trials=1, folds=3)
    nothing = tune_deepsurv(*patients(200, 0.0), trials=1, folds=3)
    assert nothing.epochs < 0.5 * signal.epochs


def held_out_loss(x, time, event, options):
    """As tuning judges, from the finished out-of-fold risks."""
    fold = patient_folds(time, event, np.zeros(len(x)), folds=options.folds, seed=0)
    risk = out_of_fold_risks(x, time, event, fold, options, 0)
    losses = []
    for left_out in (fold == number for number in range(options.folds)):
        values = (risk[left_out], time[left_out], event[left_out].astype(float), np.ones(left_out.sum()))
        losses.append(float(cox_loss(*map(torch.as_tensor, values))))
    return np.mean(losses)


def test_training_neither_stops_too_early_nor_too_late():
    cohort = patients(300, 1.5)
    found = tune_deepsurv(*cohort, trials=1, folds=3)
    least = held_out_loss(*cohort, found)
    assert least < held_out_loss(*cohort, replace(found, epochs=found.epochs // 2))
    assert least < held_out_loss(*cohort, replace(found, epochs=found.epochs * 2))


def test_the_likeliest_trial_is_taken_not_the_last():
    cohort = patients(300, 1.5)
    first, *more = (held_out_loss(*cohort, tune_deepsurv(*cohort, trials=trials, folds=3)) for trials in (1, 2, 3))
    assert max(more) < first + 0.02


def test_what_eight_trials_find_serves_fresh_patients():
    cohort, (fresh, time, event) = patients(300, 1.5), patients(600, 1.5, seed=9)
    found = tune_deepsurv(*cohort, trials=8, folds=3)
    reached = concordance_index(time, -fit_deepsurv(*cohort, 0, found).risk(fresh), event)
    oracle = concordance_index(time, -np.sign(fresh[:, 0] * fresh[:, 1]), event)
    assert reached > 0.5 + 0.75 * (oracle - 0.5)


def test_no_trial_is_refused():
    with pytest.raises(ValueError, match="trials"):
        tune_deepsurv(*patients(60, 1.0), trials=0)
