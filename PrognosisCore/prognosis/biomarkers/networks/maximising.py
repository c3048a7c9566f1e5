"""Activation maximisation: the region that a bottleneck feature answers to most (Baek et al., figure 4a)."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from prognosis.biomarkers.feature_names import CHANNELS, GRID
from prognosis.biomarkers.images.region import REGION_SIZE
from prognosis.biomarkers.networks.unet import SegmentingUNet
from prognosis.biomarkers.networks.unet_frozen import frozen_encoder
from prognosis.progress import Progress, silent

_SPAN = 255.0
_START_SD = 1.0
# A plain sign of the difference would make flat parts swing to and fro.
_EDGE = 10.0


@dataclass(frozen=True)
class MaximisingOptions:
    """How the region is climbed to; the paper gives none of it.

    Args:
        steps: Of gradient ascent.
        learning_rate: Change of voxels in a step, on the scale of 0 to 255: the feature's gradient is brought to a root
            mean square of this.
        l2: How strongly voxels are drawn to the mean of the training images, against a gradient of 1: by l2 for a voxel
            255 away.
        total_variation: How strongly a voxel is drawn to each of its six neighbours, against a gradient of 1; less to
            those that differ by fewer than 10 of 255.
        jitter: Most voxels the region is shifted by at random along each axis before each step, so that patterns which
            live on one lattice alone do not grow.
        seed: Of the first region and of the shifts.
    """

    steps: int = 120
    learning_rate: float = 2.0
    l2: float = 0.0
    total_variation: float = 0.2
    jitter: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0 < self.learning_rate < math.inf or not 0 <= self.jitter <= 16 or self.seed < 0:
            msg = f"steps is 1 or more, learning_rate above 0, jitter 0 to 16, seed 0 or more, got {self}"
            raise ValueError(msg)
        if not (0 <= self.l2 < math.inf and 0 <= self.total_variation < math.inf):
            msg = f"l2 and total_variation are 0 or more, got {self.l2} and {self.total_variation}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Maximised:
    """What a feature answers to.

    Args:
        image: (48, 96, 96) the region of its highest activation [k, j, i], on the network's scale.
        activations: The feature of the region before each step and after the last.
        best: The feature of `image`, the largest of them.
        dead: Whether the feature was zero all the way: `image` then shows nothing.
    """

    image: NDArray[np.float32]
    activations: tuple[float, ...]
    best: float
    dead: bool


_DEFAULTS = MaximisingOptions()


def maximise(
    network: SegmentingUNet,
    index: int,
    options: MaximisingOptions = _DEFAULTS,
    progress: Progress = silent,
    *,
    limits: tuple[float, float] = (0.0, _SPAN),
) -> Maximised:
    """Climb from faint noise to a region that makes a feature large.

    The ascent follows the feature before its ReLU, so that one that is zero at first can be woken.

    Args:
        network: The U-Net; it does not change.
        index: Of the feature, as `feature_names.Feature` counts.
        options: How.
        progress: Told after every step.
        limits: Lowest and highest value of a voxel on the network's scale, as its normalisation gives them.
    """
    activation = _activation_of(network, index)
    rng = np.random.default_rng(options.seed)
    low, high = limits
    x = torch.from_numpy(rng.normal(0, _START_SD, REGION_SIZE[::-1]).astype(np.float32)).clamp(low, high)
    reached = _reached(activation, x)
    best, image, activations = reached, x, [reached]
    for step in range(1, options.steps + 1):
        shift = tuple(int(by) for by in rng.integers(-options.jitter, options.jitter + 1, 3))
        uphill = _uphill(activation, x, shift)
        x = (x + options.learning_rate * (uphill - _penalty(x, options))).clamp(low, high)
        reached = _reached(activation, x)
        activations.append(reached)
        if reached > best:
            best, image = reached, x
        progress("maximising", step, options.steps)
    active = tuple(max(one, 0.0) for one in activations)
    return Maximised(image.numpy(), active, max(active), dead=max(active) == 0)


def _activation_of(network: SegmentingUNet, index: int) -> nn.Module:
    """The feature before its ReLU, of a (1, 1, 48, 96, 96) region."""
    encoder = frozen_encoder(network)
    _drop_last_relu(encoder)
    z, y, x = np.unravel_index(index // CHANNELS, GRID)
    return nn.Sequential(encoder, _Value((0, index % CHANNELS, int(z), int(y), int(x))))


class _Value(nn.Module):
    def __init__(self, place: tuple[int, ...]) -> None:
        super().__init__()
        self.place = place

    def forward(self, x: Tensor) -> Tensor:
        return x[self.place]


def _drop_last_relu(encoder: nn.Module) -> None:
    *way, name = [name for name, one in encoder.named_modules() if isinstance(one, nn.ReLU)][-1].split(".")
    setattr(encoder.get_submodule(".".join(way)), name, nn.Identity())


def _reached(activation: nn.Module, x: Tensor) -> float:
    with torch.inference_mode():
        return float(activation(x[None, None]))


def _uphill(activation: nn.Module, x: Tensor, shift: tuple[int, ...]) -> Tensor:
    """The gradient of a shifted region's activation, of a root mean square of 1 where it is not zero."""
    with torch.enable_grad():
        voxels = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(activation(_shifted(voxels[None, None], shift)), voxels)
    size = gradient.square().mean().sqrt()
    return gradient / size if size > 0 else gradient


def _shifted(x: Tensor, shift: tuple[int, ...]) -> Tensor:
    """Move along the last three axes; what comes in repeats the border."""
    sides = [side for by in reversed(shift) for side in (max(by, 0), max(-by, 0))]
    moved = functional.pad(x, sides, mode="replicate")
    for axis, by in enumerate(shift, start=2):
        moved = moved.narrow(axis, max(-by, 0), x.shape[axis])
    return moved


def _penalty(x: Tensor, options: MaximisingOptions) -> Tensor:
    """What voxels are drawn back by."""
    drawn = options.l2 * x / _SPAN
    for axis in range(3):
        edge = torch.zeros_like(x.narrow(axis, 0, 1))
        step = x.diff(dim=axis)
        step = step / (step.square() + _EDGE**2).sqrt()
        drawn += options.total_variation * (torch.cat([edge, step], axis) - torch.cat([step, edge], axis))
    return drawn
