"""Fitting one U-Net to the contours of a set of patients."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from prognosis.biomarkers.networks.augmenting import DEFAULT_AUGMENTATION, Augmentation, Changes, changed, draw_changes
from prognosis.biomarkers.networks.training_data import TrainingRegions
from prognosis.biomarkers.networks.unet import SegmentingUNet, UNetOptions
from prognosis.errors import InputError, UsageError
from prognosis.progress import Progress, silent
from prognosis.training.device import choose_device, has_fast_bfloat16
from prognosis.training.resuming import Resumable
from prognosis.training.team import ALONE, Team

_LARGEST_GRADIENT = 5.0
_WARM_UP = 0.05


@dataclass(frozen=True)
class FittingOptions:
    """How a U-Net is fitted (Baek et al. do not say; these are our assumptions).

    Args:
        epochs: Passes over the patients; the last state is kept.
        learning_rate: Highest rate of a cosine schedule with a warm-up over a twentieth of the steps.
        weight_decay: AdamW's decay.
        batch: Patients a step, over all processes together.
        seed: Seed of everything random.
        device: 'auto', 'cpu', 'cuda', ...
    """

    epochs: int = 30
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    batch: int = 2
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        whole = self.epochs >= 1 and self.batch >= 1 and self.seed >= 0
        if not (whole and 0 < self.learning_rate < math.inf and 0 <= self.weight_decay < math.inf):
            msg = "epochs >= 1, batch >= 1, seed >= 0, learning_rate > 0 and weight_decay >= 0 are needed"
            raise ValueError(msg)


@dataclass(frozen=True)
class FittedUNet:
    """A network and what it was fitted with.

    Args:
        network: In evaluation mode, on the device it was fitted on.
        mean: Mean intensity of the images it was fitted to, which its input has removed, 0 to 255.
        losses: (epochs,) mean loss of each epoch.
    """

    network: SegmentingUNet
    mean: float
    losses: tuple[float, ...]


class _Trained(nn.Module):
    """The network, and the losses of its epochs, which are kept with it."""

    losses: Tensor

    def __init__(self, network: SegmentingUNet, epochs: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("losses", torch.zeros(epochs, dtype=torch.float64))


@dataclass(frozen=True)
class _Epoch:
    """In which order regions are seen, (n,) indices, and how each is changed."""

    regions: Tensor
    changes: Changes


def fit_unet(
    data: TrainingRegions,
    patients: NDArray[np.int64],
    architecture: UNetOptions,
    options: FittingOptions,
    *,
    augmentation: Augmentation = DEFAULT_AUGMENTATION,
    team: Team = ALONE,
    state_folder: Path | None = None,
    progress: Progress = silent,
    step_name: str = "training",
) -> FittedUNet:
    """Fit a U-Net to the contours of patients.

    An epoch shows each patient once, by one of the patient's annotations drawn at random. Everything random is drawn
    from seed, epoch and place, so neither an interruption nor the number of processes changes what is seen. (Only where
    a step's patients cannot be dealt out evenly among processes, some count twice in it.)

    Args:
        data: The cohort.
        patients: Indices of the patients to fit to; nobody else is looked at.
        architecture: The network.
        options: How to fit.
        augmentation: Ranges of the random changes.
        team: The processes that share each step.
        state_folder: Where to keep the state, and to resume from.
        progress: Told after each epoch, the step's name with the epoch's loss.
        step_name: What to call the work.

    Raises:
        InputError: Training diverged.
        UsageError: There are more processes than patients a step.
    """
    require_share_of_step(options, team)
    device = choose_device(options.device)
    torch.manual_seed(options.seed)
    network = SegmentingUNet(architecture)
    _start_from_share(network, data.tumour_share(patients))
    trained = _Trained(network, options.epochs).to(device)
    optimizer = torch.optim.AdamW(
        trained.network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
    )
    mean = data.mean_intensity(patients)
    per_epoch = math.ceil(len(patients) / options.batch)
    total = per_epoch * options.epochs
    key = _key(data, patients, architecture, options, augmentation)
    with Resumable(trained, optimizer, total=total, key=key, folder=state_folder, team=team) as state:
        parallel = team.parallel(trained.network)
        plan: _Epoch | None = None
        while state.done < total:
            epoch, number = divmod(state.done, per_epoch)
            if plan is None or number == 0:
                plan = _plan(data, patients, augmentation, options.seed, epoch)
            at = _places(len(patients), number, options.batch, team)
            images, tumours = _batch(data, plan, at, mean, device)
            loss = _gradients(parallel, optimizer, images, tumours, has_fast_bfloat16(device))
            loss = team.summed(loss) / team.size
            _set_rate(optimizer, options.learning_rate, state.done / total)
            with state.step():
                optimizer.step()
                trained.losses[epoch] += loss / per_epoch
            if number == per_epoch - 1:
                progress(f"{step_name}, loss {float(trained.losses[epoch]):.3f}", epoch + 1, options.epochs)
    team.align(trained.network)
    return FittedUNet(trained.network.eval(), mean, tuple(trained.losses.tolist()))


def require_share_of_step(options: FittingOptions, team: Team) -> None:
    """Refuse more processes than there are patients a step.

    Raises:
        UsageError: A process would see nobody.
    """
    if options.batch < team.size:
        raise UsageError(
            f"{options.batch} patient{'s' * (options.batch > 1)} a step cannot be shared by {team.size} processes.",
            remedy=f"Use --batch {team.size} or more, or fewer processes.",
        )


def segmentation_loss(logits: Tensor, tumours: Tensor) -> Tensor:
    """Dice loss of each region plus its binary cross entropy, averaged over regions.

    Args:
        logits: (n, 1, k, j, i).
        tumours: The same shape, 0 or 1.
    """
    within = tuple(range(1, logits.ndim))
    probability = torch.sigmoid(logits)
    overlap = (probability * tumours).sum(within)
    dice = (2 * overlap + 1) / (probability.sum(within) + tumours.sum(within) + 1)
    return (1 - dice).mean() + functional.binary_cross_entropy_with_logits(logits, tumours)


def _start_from_share(network: SegmentingUNet, share: float) -> None:
    """Let the untrained network hold every voxel for tumour as often as voxels are.

    It then spends no steps on learning that tumours are rare: one case was learnt in half as many.
    """
    last = [module for module in network.modules() if isinstance(module, nn.Conv3d | nn.ConvTranspose3d)][-1]
    assert last.out_channels == 1
    assert last.bias is not None
    nn.init.constant_(last.bias, math.log(share / (1 - share)))


def _plan(
    data: TrainingRegions, patients: NDArray[np.int64], augmentation: Augmentation, seed: int, epoch: int
) -> _Epoch:
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))
    order = patients[torch.randperm(len(patients), generator=generator).numpy()]
    chosen = torch.rand(len(patients), generator=generator).numpy()
    regions = []
    for patient, share in zip(order, chosen, strict=True):
        own = np.flatnonzero(data.patient == patient)
        regions.append(int(own[min(int(share * len(own)), len(own) - 1)]))
    shape = data.images.shape[1:]
    changes = draw_changes(len(order), (shape[0], shape[1], shape[2]), augmentation, generator)
    return _Epoch(torch.tensor(regions), changes)


def _places(patients: int, number: int, batch: int, team: Team) -> Tensor:
    """Which places of an epoch's order this process sees in a step.

    All processes see as many: where the step's patients cannot be dealt out evenly, some are seen twice.
    """
    places = list(range(number * batch, min((number + 1) * batch, patients)))
    lacking = -len(places) % team.size
    return torch.tensor(team.share([*places, *(place % patients for place in range(lacking))]))


def _batch(data: TrainingRegions, plan: _Epoch, at: Tensor, mean: float, device: torch.device) -> tuple[Tensor, Tensor]:
    regions = plan.regions[at]
    images = data.images[regions].to(device).float() - mean
    return changed(images, data.tumours[regions].to(device), plan.changes[at])


def _gradients(
    network: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, tumours: Tensor, half: bool
) -> Tensor:
    """Leave the step's gradients, computed in 16 bits where that is fast; once more in 32 where one overflows."""
    network.train()
    for in_half in dict.fromkeys((half, False)):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=in_half):
            logits = network(images)
        loss = segmentation_loss(logits.float(), tumours)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
        if torch.isfinite(norm):
            return loss.detach()
    raise InputError(
        "Training diverged: a gradient is not finite.", remedy="Lower --learning-rate; check the images' values."
    )


def _set_rate(optimizer: torch.optim.Optimizer, highest: float, done: float) -> None:
    rate = min(1.0, (done + 1e-3) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * done))
    for group in optimizer.param_groups:
        group["lr"] = highest * rate


def _key(
    data: TrainingRegions,
    patients: NDArray[np.int64],
    architecture: UNetOptions,
    options: FittingOptions,
    augmentation: Augmentation,
) -> str:
    described = f"{data.fingerprint} {architecture} {options} {augmentation}".encode()
    return hashlib.sha256(described + patients.tobytes()).hexdigest()
