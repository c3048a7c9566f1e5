"""Choosing DeepSurv's options by random search on training patients."""

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from prognosis.survival.folds import patient_folds
from prognosis.survival.models.cox_loss import cox_loss
from prognosis.survival.models.deepsurv import (
    Activation,
    DeepSurvOptions,
    Events,
    NetworkTraining,
    private_torch,
    require_enough,
)
from prognosis.survival.models.fitted_risk import Matrix, Vector

_MOST_EPOCHS = 200
_PATIENCE = 25
_STEADY_EPOCHS = 9


def tune_deepsurv(
    x: Matrix,
    time: Vector,
    event: Events,
    *,
    trials: int = 20,
    folds: int = 5,
    seed: int = 0,
) -> DeepSurvOptions:
    """Choose the options, and with them the number of epochs, under which left-out folds are likeliest.

    A trial trains a network for each fold on the other folds, all in step. After each epoch it takes the negative log
    partial likelihood of each left-out fold within itself. Options and epoch with the least mean over folds and nine
    epochs (four before, four after) win: one epoch alone, or each fold's own best, may be luck. A trial ends after 200
    epochs, or after 25 without gain.

    Args:
        x: (n, p) standardised covariates of training patients.
        time: (n,) their follow-up times.
        event: (n,) whether their event was seen.
        trials: Options to try; the first are the defaults, the others are drawn at random.
        folds: Parts of the cross-validation each is judged by, and of later out-of-fold risks.
        seed: Seed of the options drawn, the folds and the networks.

    Raises:
        InputError: A covariate is not finite, there is none, or there are too few events.
        ValueError: No trial is allowed.
    """
    if trials < 1:
        msg = f"trials must be 1 or more, got {trials}"
        raise ValueError(msg)
    require_enough(x, event, folds)
    fold = patient_folds(time, event, np.zeros(len(time)), folds=folds, seed=seed)
    generator = np.random.default_rng(seed)
    least, best = math.inf, DeepSurvOptions(folds=folds)
    for trial in range(trials):
        options = _drawn(generator, folds) if trial else best
        with private_torch(seed):
            curve = _held_out_curve(x, time, event, fold, options)
        steady = np.convolve(curve, np.full(_STEADY_EPOCHS, 1 / _STEADY_EPOCHS), mode="valid")
        at = int(np.argmin(steady))
        if steady[at] < least:
            least, best = steady[at], replace(options, epochs=at + 1 + _STEADY_EPOCHS // 2)
    return best


def _drawn(generator: np.random.Generator, folds: int) -> DeepSurvOptions:
    return DeepSurvOptions(
        layers=int(generator.integers(1, 3)),
        width=int(generator.choice([16, 32, 64, 128])),
        activation=Activation.RELU if generator.random() < 0.5 else Activation.TANH,
        batch_norm=bool(generator.random() < 0.5),
        dropout=float(generator.choice([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])),
        weight_decay=float(10 ** generator.uniform(-5, -1.5)),
        learning_rate=float(10 ** generator.uniform(-3, -1.5)),
        batch_patients=int(generator.choice([256, 512, 1024])),
        folds=folds,
    )


def _held_out_curve(
    x: Matrix, time: Vector, event: Events, fold: NDArray[np.int64], options: DeepSurvOptions
) -> list[float]:
    """Mean negative log partial likelihood of the left-out folds after each epoch; infinite where one diverged."""
    parts = [(fold == number, fold != number) for number in np.unique(fold)]
    trainings = [NetworkTraining(x[others], time[others], event[others], options) for _, others in parts]
    curve: list[float] = []
    for _ in range(_MOST_EPOCHS):
        losses = []
        for (left_out, _), training in zip(parts, trainings, strict=True):
            training.train(1)
            losses.append(_loss(training.risk_of(x[left_out]), time[left_out], event[left_out]))
        curve.append(float(np.mean(losses)) if np.isfinite(losses).all() else math.inf)
        if len(curve) - int(np.argmin(curve)) > _PATIENCE:
            break
    return curve


def _loss(risk: Vector, time: Vector, event: Events) -> float:
    values = (torch.as_tensor(value, dtype=torch.float64) for value in (risk, time, event, np.ones(len(risk))))
    return float(cox_loss(*values))
