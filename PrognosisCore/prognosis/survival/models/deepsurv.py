"""DeepSurv: Cox regression whose log partial hazard is a small network (Katzman et al. 2018), trained by pycox."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import torch
import torchtuples as tt
from numpy.typing import NDArray
from platformdirs import user_cache_path
from torch import Tensor, nn

from prognosis.config import as_plain
from prognosis.errors import InputError
from prognosis.survival.folds import patient_folds
from prognosis.survival.models.cox_loss import cox_loss
from prognosis.survival.models.fitted_risk import FittedRisk, Matrix, Vector

Events = NDArray[np.bool_]

_EVENTS_A_BATCH = 8
_EVENTS_A_FOLD = 2


class Activation(Enum):
    """What follows each hidden layer."""

    RELU = "relu"
    TANH = "tanh"


@dataclass(frozen=True)
class DeepSurvOptions:
    """Size and training of the network; `tune_deepsurv` finds better ones than these.

    Args:
        layers: Hidden layers.
        width: Units of each.
        activation: What follows each.
        batch_norm: Whether hidden units are standardised over a batch.
        dropout: Part of the hidden units left out in a step.
        weight_decay: Penalty on squared weights, added to the gradient.
        learning_rate: Of Adam.
        batch_patients: About how many patients share a step and are each other's risk set. Batches hold equally many
            events, and at least eight of them: with few events the risk set is everybody.
        epochs: Passes over all patients.
        folds: Parts the patients are split into for out-of-fold risks.
    """

    layers: int = 1
    width: int = 64
    activation: Activation = Activation.RELU
    batch_norm: bool = True
    dropout: float = 0.3
    weight_decay: float = 1e-3
    learning_rate: float = 5e-3
    batch_patients: int = 256
    epochs: int = 30
    folds: int = 5

    def __post_init__(self) -> None:
        for name, least in (("layers", 1), ("width", 1), ("batch_patients", 2), ("epochs", 1), ("folds", 2)):
            if getattr(self, name) < least:
                msg = f"{name} must be {least} or more, got {getattr(self, name)}"
                raise ValueError(msg)
        if not 0 <= self.dropout < 1:
            msg = f"dropout must be at least 0 and below 1, got {self.dropout}"
            raise ValueError(msg)
        if self.weight_decay < 0 or self.learning_rate <= 0:
            msg = f"weight_decay may not be below 0 nor learning_rate 0, got {self.weight_decay}, {self.learning_rate}"
            raise ValueError(msg)


DEFAULT_OPTIONS = DeepSurvOptions()


@dataclass(frozen=True)
class NetworkRisk:
    """A trained network as a function of covariates: (n, p) -> (n,) log partial hazards.

    Args:
        network: In evaluation mode, on the CPU.
        centre: Its mean over the patients it was fitted to, taken off.
    """

    network: nn.Module
    centre: float

    def __call__(self, x: Matrix) -> Vector:
        """(n,) risks."""
        return _outputs(self.network, x) - self.centre


class NetworkTraining:
    """A network being trained on some patients, to be used under `private_torch`.

    Args:
        x: (n, p) standardised covariates.
        time: (n,) follow-up times.
        event: (n,) whether the event was seen.
        options: Size and training; `epochs` is up to the caller.
    """

    def __init__(self, x: Matrix, time: Vector, event: Events, options: DeepSurvOptions) -> None:
        self._x = x
        self._model = _coxph()(
            _network(x.shape[1], options),
            tt.optim.Adam(lr=options.learning_rate, weight_decay=options.weight_decay),
            device="cpu",
            loss=_breslow,  # pycox's own breaks ties at random, and gives no number without an event
        )
        inputs, days, events = (torch.as_tensor(value, dtype=torch.float32) for value in (x, time, event))
        self._batches = tt.data.DataLoaderBatch(
            tt.data.DatasetTuple(inputs, (days, events)),
            batch_sampler=_EvenBatches(torch.as_tensor(event), options.batch_patients),
        )

    def train(self, epochs: int) -> None:
        """Pass over all patients `epochs` times more."""
        self._model.net.train()
        self._model.fit_dataloader(self._batches, epochs, verbose=False)
        self._model.net.eval()

    def risk_of(self, x: Matrix) -> Vector:
        """(m,) risks of any patients as the network is now, not centred."""
        return _outputs(self._model.net, x)

    def finish(self) -> NetworkRisk:
        """The network, centred on the patients it was trained on.

        Raises:
            InputError: Training has diverged.
        """
        centre = float(self.risk_of(self._x).mean())
        if not np.isfinite(centre):
            raise InputError(
                "DeepSurv's training has diverged: its risks are no numbers.",
                remedy="Look for extreme values among the covariates, or lower the learning rate.",
            )
        return NetworkRisk(self._model.net, centre)


def _coxph() -> Callable[..., Any]:
    """pycox's model. Importing it makes a folder for data sets, by default inside the installed package."""
    os.environ.setdefault("PYCOX_DATA_DIR", str(user_cache_path("prognosis") / "pycox"))
    from pycox.models import CoxPH

    return CoxPH


class _EvenBatches:
    """Indices of each batch of an epoch: patients in a new order, events dealt out evenly."""

    def __init__(self, event: Tensor, size: int) -> None:
        self._seen, self._censored = torch.nonzero(event)[:, 0], torch.nonzero(event == 0)[:, 0]
        self._batches = max(1, min(round(len(event) / size), len(self._seen) // _EVENTS_A_BATCH))

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.cat([group[torch.randperm(len(group))] for group in (self._seen, self._censored)])
        return (order[first :: self._batches] for first in range(self._batches))


def fit_deepsurv(
    x: Matrix, time: Vector, event: Events, seed: int, options: DeepSurvOptions = DEFAULT_OPTIONS
) -> FittedRisk:
    """Fit the network to all patients, and to all but each fold for the out-of-fold risks.

    Args:
        x: (n, p) standardised covariates.
        time: (n,) follow-up times.
        event: (n,) whether the event was seen.
        seed: Seed of the weights, the batches and the folds.
        options: Size and training, from `tune_deepsurv` on the same patients.

    Raises:
        InputError: A covariate is not finite, there is none, or there are too few events.
    """
    require_enough(x, event, options.folds)
    fold = patient_folds(time, event, np.zeros(len(time)), folds=options.folds, seed=seed)
    return FittedRisk(
        train_network(x, time, event, options, seed),
        out_of_fold_risks(x, time, event, fold, options, seed),
        as_plain(options),
    )


def train_network(x: Matrix, time: Vector, event: Events, options: DeepSurvOptions, seed: int) -> NetworkRisk:
    """Train one network for `options.epochs`; arguments as in `fit_deepsurv`."""
    with private_torch(seed):
        training = NetworkTraining(x, time, event, options)
        training.train(options.epochs)
        return training.finish()


def out_of_fold_risks(
    x: Matrix, time: Vector, event: Events, fold: NDArray[np.int64], options: DeepSurvOptions, seed: int
) -> Vector:
    """Risk of each patient by a network trained on the other folds and centred on the patients of those.

    Args:
        x: (n, p) standardised covariates.
        time: (n,) follow-up times.
        event: (n,) whether the event was seen.
        fold: (n,) the fold of each patient.
        options: Size and training.
        seed: Seed of weights and batches.
    """
    risk = np.empty(len(x))
    for number in np.unique(fold):
        others = fold != number
        risk[~others] = train_network(x[others], time[others], event[others], options, seed)(x[~others])
    return risk


def require_enough(x: Matrix, event: Events, folds: int) -> None:
    """Refuse what a network cannot be fitted to.

    Raises:
        InputError: See `fit_deepsurv`.
    """
    if x.shape[1] == 0 or not np.isfinite(x).all():
        raise InputError(
            "DeepSurv needs at least one covariate, and a number in every cell.",
            remedy="Leave out or fill columns with empty cells, and drop columns that are constant.",
        )
    if event.sum() < folds * _EVENTS_A_FOLD:
        raise InputError(
            f"DeepSurv needs at least {folds * _EVENTS_A_FOLD} training patients with an event "
            f"({_EVENTS_A_FOLD} a fold), got {int(event.sum())}.",
            remedy="Use the Cox model, or a longer follow-up.",
        )


@contextmanager
def private_torch(seed: int) -> Iterator[None]:
    """PyTorch on one thread and with random numbers of its own; both are as before afterwards.

    More threads slow tensors this small down.
    """
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _network(inputs: int, options: DeepSurvOptions) -> nn.Module:
    relu = options.activation is Activation.RELU
    return tt.practical.MLPVanilla(
        inputs,
        [options.width] * options.layers,
        1,
        batch_norm=options.batch_norm,
        dropout=options.dropout or None,
        activation=nn.ReLU if relu else nn.Tanh,
        w_init_=nn.init.kaiming_normal_ if relu else nn.init.xavier_normal_,
    )


def _breslow(log_hazard: Tensor, time: Tensor, event: Tensor) -> Tensor:
    return cox_loss(log_hazard[:, 0], time, event, torch.ones_like(time))


def _outputs(network: nn.Module, x: Matrix) -> Vector:
    with torch.no_grad():
        return network(torch.as_tensor(x, dtype=torch.float32))[:, 0].numpy().astype(np.float64)
