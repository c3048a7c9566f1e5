"""Fitting an encoder to the faces a generator makes up, drawn anew for every step."""

import copy
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from prognosis.errors import ModelError
from prognosis.portraits.comparing.features import FeatureNetwork
from prognosis.portraits.encoding.jitter import DEFAULT_JITTER, Jitter, jittered
from prognosis.portraits.encoding.losses import face_loss, latent_loss
from prognosis.portraits.encoding.network import Encoder, seen
from prognosis.portraits.encoding.options import EncoderOptions, EncoderTrainingOptions
from prognosis.portraits.encoding.randomness import LEARNING, MOMENTS, randomness_for
from prognosis.portraits.encoding.samples import Samples, draw_samples
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.progress import Progress, silent
from prognosis.training.device import has_fast_bfloat16
from prognosis.training.resuming import Resumable

_LARGEST_GRADIENT = 5.0
_WARM_UP = 0.05
_LONGEST_MEMORY = 0.998
_LATENTS_FOR_MOMENTS = 10_000
_SMALLEST_SD = 1e-6
_CURVE = 100


@dataclass(frozen=True)
class FittedEncoder:
    """An encoder and how its losses fell.

    Args:
        encoder: Its weights are running means over the last steps; in evaluation mode, on the device of the generator.
        losses: Up to 100 means over equal parts of the training.
    """

    encoder: Encoder
    losses: tuple[float, ...]


class _Trained(nn.Module):
    """The encoder that learns, its running mean, and the losses so far, which are kept together."""

    losses: Tensor

    def __init__(self, encoder: Encoder, parts: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.averaged = copy.deepcopy(encoder).requires_grad_(requires_grad=False)
        self.register_buffer("losses", torch.zeros(parts, dtype=torch.float64))

    @torch.no_grad()
    def follow(self, done: int) -> None:
        """Draw the running mean towards the weights, the faster the fewer steps are done."""
        memory = min(_LONGEST_MEMORY, (1 + done) / (10 + done))
        for mean, now in zip(self.averaged.state_dict().values(), self.encoder.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - memory)
            else:
                mean.copy_(now)


def fit_encoder(
    generator: Generator,
    features: FeatureNetwork | None,
    architecture: EncoderOptions,
    options: EncoderTrainingOptions,
    *,
    jitter: Jitter = DEFAULT_JITTER,
    state_folder: Path | None = None,
    progress: Progress = silent,
    replaces_state: bool = True,
) -> FittedEncoder:
    """Fit an encoder by Adam; everything random is drawn from the seed and the number of the step.

    Args:
        generator: In evaluation mode, on the device to train on; nothing of it changes.
        features: Compares faces in the last steps, on the same device; None compares nothing.
        architecture: Size of the encoder.
        options: How to fit.
        jitter: How faces are changed.
        state_folder: Where to keep the state, and to resume from.
        progress: Told after each step, its name with the loss of the last whole part of the training.
        replaces_state: Whether the state of another training may be lost.

    Raises:
        ModelError: Training diverged, or the generator makes numbers that are not finite.
        UsageError: The folder holds another training that may not be lost.
    """
    device = generator.mean_w.device
    generator = copy.deepcopy(generator).requires_grad_(requires_grad=False)
    torch.manual_seed(options.seed)
    encoder = Encoder(architecture)
    _take_moments(encoder, generator, options.seed)
    trained = _Trained(encoder, min(_CURVE, options.steps)).to(device)
    optimizer = torch.optim.Adam(trained.encoder.parameters(), lr=options.learning_rate)
    key = _key(generator, features, architecture, options, jitter)
    parts = len(trained.losses)
    with Resumable(
        trained, optimizer, total=options.steps, key=key, folder=state_folder, replaces=replaces_state
    ) as state:
        while state.done < options.steps:
            comparing = features if state.done >= options.first_comparing_step else None
            loss = _gradients(trained.encoder, optimizer, generator, comparing, options, jitter, state.done)
            _set_rate(optimizer, options.learning_rate, state.done / options.steps)
            part = state.done * parts // options.steps
            with state.step():
                optimizer.step()
                trained.follow(state.done)
                trained.losses[part] += loss / _steps_in(part, parts, options.steps)
            progress(_told(trained.losses, part), state.done, options.steps)
    return FittedEncoder(trained.averaged.eval(), tuple(trained.losses.tolist()))


def _gradients(
    encoder: Encoder,
    optimizer: torch.optim.Optimizer,
    generator: Generator,
    features: FeatureNetwork | None,
    options: EncoderTrainingOptions,
    jitter: Jitter,
    step: int,
) -> Tensor:
    """Leave the step's gradients; returns the loss of the latents and the faces."""
    encoder.train()
    randomness = randomness_for(options.seed, LEARNING, step)
    precision = torch.bfloat16 if has_fast_bfloat16(generator.mean_w.device) else None
    drawn = draw_samples(
        generator,
        options.batch,
        randomness,
        lowest_truncation=options.lowest_truncation,
        precision=precision,
    )
    faces = seen(drawn.images, encoder.options)
    views = [jittered(faces, jitter, randomness) for _ in range(options.views)]
    guess = encoder.of_seen(torch.cat(views))
    shown = Samples(drawn.z.repeat(options.views, 1), drawn.w.repeat(options.views, 1), drawn.images)
    loss = latent_loss(guess, shown, encoder.w_sd.square().sum())
    if features is not None:
        loss = loss + options.feature_weight * face_loss(
            guess, drawn, generator, features, count=options.feature_images, precision=precision
        )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if not torch.isfinite(nn.utils.clip_grad_norm_(encoder.parameters(), _LARGEST_GRADIENT)):
        raise ModelError(
            "Training the encoder diverged: a gradient is not finite.",
            remedy="Lower --learning-rate; check that the generator makes faces.",
        )
    return loss.detach()


@torch.no_grad()
def _take_moments(encoder: Encoder, generator: Generator, seed: int) -> None:
    """Let the encoder guess w around the generator's mean, in its standard deviations."""
    randomness = randomness_for(seed, MOMENTS)
    z = torch.randn(_LATENTS_FOR_MOMENTS, generator.options.z_dim, generator=randomness)
    w = generator.map(z.to(generator.mean_w))[:, 0]
    encoder.w_mean.copy_(w.mean(dim=0))
    encoder.w_sd.copy_(w.std(dim=0).clamp_min(_SMALLEST_SD))


def _steps_in(part: int, parts: int, steps: int) -> int:
    """How many of the steps belong to one of the parts."""
    first, following = (math.ceil(number * steps / parts) for number in (part, part + 1))
    return following - first


def _told(losses: Tensor, part: int) -> str:
    """What to call the work, with the last loss that is whole."""
    return "training the encoder" + (f", loss {float(losses[part - 1]):.3f}" if part else "")


def _set_rate(optimizer: torch.optim.Optimizer, highest: float, done: float) -> None:
    rate = min(1.0, (done + 1e-3) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * done))
    for group in optimizer.param_groups:
        group["lr"] = highest * rate


def _key(
    generator: Generator,
    features: FeatureNetwork | None,
    architecture: EncoderOptions,
    options: EncoderTrainingOptions,
    jitter: Jitter,
) -> str:
    compared_by = features.name if features is not None else None
    described = f"{compared_by} {architecture} {replace(options, device='')} {jitter}"
    return hashlib.sha256(described.encode() + fingerprint(generator.state_dict()).encode()).hexdigest()


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names and values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
