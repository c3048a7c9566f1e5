"""Fitting one lesion network to the survival of a set of patients."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from prognosis.errors import InputError
from prognosis.lesions.augment import Augmentation, augmented
from prognosis.lesions.cohort_risks import lesion_risks, lesions_of
from prognosis.lesions.network import LesionNetwork, NetworkOptions
from prognosis.lesions.training_data import TrainingData
from prognosis.progress import Progress, silent
from prognosis.survival.models.cox_loss import cox_loss
from prognosis.training.checkpoint import load_checkpoint, save_checkpoint
from prognosis.training.device import choose_device, has_fast_bfloat16

_CHUNK = 256
_LEAST_EVENTS_PER_STEP = 8
_SMALLEST_SD = 1e-4
_LARGEST_GRADIENT = 5.0
# On maps of a single pixel, which smaller patches reach, oneDNN's 16-bit convolution gradients are random.
_SMALLEST_HALF_PATCH = 48


@dataclass(frozen=True)
class FittingOptions:
    """How a network is fitted.

    Args:
        epochs: Passes over the patients; the last checkpoint is kept (paper: 30).
        learning_rate: Highest rate of a cosine schedule with a short warm-up.
        weight_decay: AdamW's decay.
        patients_per_step: Patients whose risk set a step sees; 0 means all, as in the paper. A mini-batch holds whole
            patients and at least 8 events.
        seed: Seed of everything random.
        device: 'auto', 'cpu', 'cuda', ...
    """

    epochs: int = 30
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    patients_per_step: int = 0
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        whole = self.epochs >= 1 and self.patients_per_step >= 0 and self.seed >= 0
        if not (whole and 0 < self.learning_rate < math.inf and 0 <= self.weight_decay < math.inf):
            msg = "epochs >= 1, patients_per_step >= 0, seed >= 0, learning_rate > 0 and weight_decay >= 0 are needed"
            raise ValueError(msg)


class _Trained(nn.Module):
    """The network and the gain that takes the sum of standardised risks to a log hazard while training."""

    def __init__(self, network: LesionNetwork) -> None:
        super().__init__()
        self.network = network
        self.log_gain = nn.Parameter(torch.tensor(-1.5))


def fit_network(
    data: TrainingData,
    patients: NDArray[np.int64],
    network_options: NetworkOptions,
    options: FittingOptions,
    patch_size: int,
    *,
    state_folder: Path | None = None,
    progress: Progress = silent,
    step_name: str = "training",
) -> LesionNetwork:
    """Fit a network to patients and set its standardising constants from them.

    The lesions of a step are embedded in chunks whose activations are computed again on the way back, with the same
    augmented patches, so the gradient is that of the whole risk set.

    Args:
        data: The cohort.
        patients: Indices of the patients to fit to; nobody else is looked at.
        network_options: Size of the network.
        options: How to fit.
        patch_size: Pixels the network sees.
        state_folder: Where to keep the state after each epoch, and to resume from.
        progress: Told after each epoch.
        step_name: What to call the work.

    Returns:
        The network in evaluation mode, on the CPU.
    """
    device = choose_device(options.device)
    torch.manual_seed(options.seed)
    trained = _Trained(_initialised(data, patients, network_options)).to(device)
    trained.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(trained.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    key = _key(data, patients, network_options, options, patch_size)
    done = load_checkpoint(state_folder, key, trained, optimizer) if state_folder else 0
    for epoch in range(done, options.epochs):
        generator = torch.Generator().manual_seed(_epoch_seed(options.seed, epoch))
        steps = _steps(data, patients, options, generator)
        for number, batch in enumerate(steps):
            _set_rate(optimizer, options, epoch + number / len(steps))
            _step(trained, optimizer, data, batch, patch_size, generator, device)
        if state_folder:
            save_checkpoint(state_folder, key, epoch + 1, trained, optimizer)
        progress(step_name, epoch + 1, options.epochs)
    network = trained.network.eval().cpu()
    _standardise(network, data, patients, patch_size)
    return network


def _initialised(data: TrainingData, patients: NDArray[np.int64], options: NetworkOptions) -> LesionNetwork:
    network = LesionNetwork(options)
    lesions = lesions_of(data, patients)
    weight = data.annotation_weight[data.annotation[lesions]]
    mean, sd = _weighted_moments(torch.log(data.volume_mm3[lesions]), weight)
    network.log_volume_mean.copy_(mean)
    network.log_volume_sd.copy_(sd)
    return network


def _steps(
    data: TrainingData, patients: NDArray[np.int64], options: FittingOptions, generator: torch.Generator
) -> list[NDArray[np.int64]]:
    """Deal patients into steps, those with and those without an event apart."""
    events = int(data.event[patients].sum())
    wanted = math.ceil(len(patients) / options.patients_per_step) if options.patients_per_step else 1
    steps = max(1, min(wanted, events // _LEAST_EVENTS_PER_STEP))
    shuffled = patients[torch.randperm(len(patients), generator=generator).numpy()]
    ordered = shuffled[np.argsort(-data.event[shuffled], kind="stable")]
    return [ordered[start::steps] for start in range(steps)]


def _step(
    trained: _Trained,
    optimizer: torch.optim.Optimizer,
    data: TrainingData,
    patients: NDArray[np.int64],
    patch_size: int,
    generator: torch.Generator,
    device: torch.device,
) -> None:
    """One step of the optimizer, in 16 bits where that is fast; once more in 32 where a gradient overflows."""
    trained.train()
    batch = _batch(data, patients, patch_size, generator, device)
    in_half = patch_size >= _SMALLEST_HALF_PATCH and has_fast_bfloat16(device)
    for half in dict.fromkeys((in_half, False)):
        optimizer.zero_grad(set_to_none=True)
        _loss(trained, batch, half=half).backward()
        norm = nn.utils.clip_grad_norm_(trained.parameters(), _LARGEST_GRADIENT)
        if torch.isfinite(norm):
            optimizer.step()
            return
    raise InputError("Training diverged: a gradient is not finite.", remedy="Lower --learning-rate.")


@dataclass(frozen=True)
class _Batch:
    """The lesions and annotations of the patients of one step."""

    patches: Tensor
    volume_mm3: Tensor
    owner: Tensor
    weight: Tensor
    time: Tensor
    event: Tensor


def _batch(
    data: TrainingData,
    patients: NDArray[np.int64],
    patch_size: int,
    generator: torch.Generator,
    device: torch.device,
) -> _Batch:
    lesions = lesions_of(data, patients)
    patches = augmented(data.patches[lesions], patch_size, Augmentation(), generator)
    annotations = torch.nonzero(torch.isin(data.patient, torch.from_numpy(patients))).squeeze(1)
    owners = data.patient[annotations].numpy()
    return _Batch(
        patches=patches.to(device).contiguous(memory_format=torch.channels_last),
        volume_mm3=data.volume_mm3[lesions].to(device),
        owner=torch.searchsorted(annotations, data.annotation[lesions]).to(device),
        weight=data.annotation_weight[annotations].to(device),
        time=torch.from_numpy(data.time_days[owners]).float().to(device),
        event=torch.from_numpy(data.event[owners]).float().to(device),
    )


def _loss(trained: _Trained, batch: _Batch, *, half: bool) -> Tensor:
    network = trained.network
    in_chunks = len(batch.patches) > _CHUNK
    with torch.autocast(batch.patches.device.type, torch.bfloat16, enabled=half):
        chunks = batch.patches.tensor_split(math.ceil(len(batch.patches) / _CHUNK))
        raw = torch.cat([_embedded(network, chunk, in_chunks) for chunk in chunks]).float()
    weight = batch.weight[batch.owner]
    _, sd = _weighted_moments(raw, weight)
    scale = network.raw_scale(batch.volume_mm3)
    contribution = raw / sd * scale / _weighted_mean(scale, weight)
    risk = torch.zeros_like(batch.weight).index_add(0, batch.owner, contribution)
    return cox_loss(torch.exp(trained.log_gain) * risk, batch.time, batch.event, batch.weight)


def _embedded(network: LesionNetwork, patches: Tensor, in_chunks: bool) -> Tensor:
    if not in_chunks:
        return network.raw_risk(patches)
    return checkpoint(network.raw_risk, patches, use_reentrant=False)


def _standardise(network: LesionNetwork, data: TrainingData, patients: NDArray[np.int64], patch_size: int) -> None:
    lesions = lesions_of(data, patients)
    weight = data.annotation_weight[data.annotation[lesions]]
    raw, scale = lesion_risks(network, data, lesions, patch_size)
    _, sd = _weighted_moments(raw, weight)
    network.risk_sd.copy_(sd)
    network.scale_mean.copy_(_weighted_mean(scale, weight))


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum()


def _weighted_moments(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    mean = _weighted_mean(values, weight)
    variance = _weighted_mean((values - mean) ** 2, weight)
    return mean, torch.sqrt(variance + _SMALLEST_SD**2)


def _set_rate(optimizer: torch.optim.Optimizer, options: FittingOptions, epoch: float) -> None:
    warm_up = max(1.0, options.epochs / 10)
    rate = min(1.0, (epoch + 0.1) / warm_up) * 0.5 * (1 + math.cos(math.pi * epoch / options.epochs))
    for group in optimizer.param_groups:
        group["lr"] = options.learning_rate * rate


def _epoch_seed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def _key(
    data: TrainingData,
    patients: NDArray[np.int64],
    network: NetworkOptions,
    options: FittingOptions,
    patch_size: int,
) -> str:
    described = f"{data.fingerprint} {network} {options} {patch_size}".encode()
    return hashlib.sha256(described + patients.tobytes()).hexdigest()
