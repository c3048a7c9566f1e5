"""Heatmaps: which voxels of a region a weighted sum of its bottleneck features comes from."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from prognosis.biomarkers.feature_names import FEATURES, unflatten
from prognosis.biomarkers.images.region import REGION_SIZE
from prognosis.biomarkers.networks.attribution_guided import guided_encoder
from prognosis.biomarkers.networks.unet import SegmentingUNet
from prognosis.biomarkers.networks.unet_frozen import frozen_encoder
from prognosis.progress import Progress, silent


class HeatMethod(StrEnum):
    """How a score is led back to voxels."""

    GUIDED = "guided"
    """Guided backpropagation (Baek et al., figure 4b)."""
    SMOOTH = "smooth"
    """The mean of guided backpropagation over noisy copies of the region (SmoothGrad, Smilkov et al. 2017)."""
    INTEGRATED = "integrated"
    """Integrated gradients (Sundararajan et al. 2017), which sum to a difference of scores."""


@dataclass(frozen=True)
class HeatOptions:
    """Settings of the methods that need some.

    Args:
        samples: Noisy copies for `SMOOTH`.
        noise: SD of their noise, as a part of the region's range of values.
        steps: Points of the path for `INTEGRATED`; with 32 the map's sum misses the difference of scores by some
            percent, behind a normalisation of instances only with 256.
        blur_voxels: SD of the blur that makes the path's start out of the region itself. A flat start would not do:
            behind a normalisation of instances, any faint copy of a region gives the features of the whole.
    """

    samples: int = 16
    noise: float = 0.15
    steps: int = 32
    blur_voxels: float = 8.0

    def __post_init__(self) -> None:
        if min(self.samples, self.steps) < 1 or not 0 <= self.noise < math.inf or not 0 < self.blur_voxels < math.inf:
            msg = f"samples and steps are 1 or more, noise 0 or more, blur_voxels above 0, got {self}"
            raise ValueError(msg)


_DEFAULTS = HeatOptions()


def heat(
    network: SegmentingUNet,
    x: NDArray[np.float32],
    weights: NDArray[np.floating],
    *,
    method: HeatMethod = HeatMethod.GUIDED,
    options: HeatOptions = _DEFAULTS,
    progress: Progress = silent,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Lead the score sum(weights * features) back to the voxels of a region.

    The two guided methods follow positive weights alone: a negative one stops at the bottleneck's own ReLU. What
    speaks against the score is had by `heat(..., weights=-weights)`; `weights_seen` says how much of each sign a map
    shows.

    Args:
        network: The U-Net; neither it nor its gradients change.
        x: (48, 96, 96) normalised region [k, j, i].
        weights: (55296,) weights of features as `feature_names.flatten` orders them.
        method: How.
        options: Settings of SMOOTH and INTEGRATED.
        progress: Told after every pass.
        seed: Of the noise.

    Returns:
        (48, 96, 96) signed map. GUIDED and SMOOTH: score per unit of network input. INTEGRATED: score, summing to the
        difference between the scores of the region and of its blurred copy.

    Raises:
        ValueError: x or weights have another shape, or are not finite.
    """
    _require(x, REGION_SIZE[::-1], "x")
    _require(weights, (FEATURES,), "weights")
    if method is HeatMethod.INTEGRATED:
        return _integrated(network, x, weights, options, progress)
    gradient = _gradient_of(guided_encoder(network), weights)
    if method is HeatMethod.GUIDED:
        found = gradient(x)
        progress("heatmap", 1, 1)
        return found
    return _smooth(gradient, x, options, progress, seed)


def blurred(x: NDArray[np.float32], options: HeatOptions = _DEFAULTS) -> NDArray[np.float32]:
    """Where the path of `INTEGRATED` starts: the region without its detail, same shape."""
    return gaussian_filter(x, options.blur_voxels, mode="nearest")


@dataclass(frozen=True)
class WeightsSeen:
    """How much of a score's weights a map can show, 0 to 1 each; NaN where there is no weight of that sign.

    Args:
        positive: Part of the sum of positive weights.
        negative: Part of the sum of negative weights.
    """

    positive: float
    negative: float


def weights_seen(
    features: NDArray[np.floating], weights: NDArray[np.floating], method: HeatMethod = HeatMethod.GUIDED
) -> WeightsSeen:
    """The part of the weights that a map shows.

    Guided maps start from positive weights of active features; integrated gradients from all.

    Args:
        features: (55296,) features of the region.
        weights: (55296,).
        method: Of the map.
    """
    positive, negative = weights > 0, weights < 0
    guided = method is not HeatMethod.INTEGRATED
    return WeightsSeen(
        positive=_part(weights, positive, positive & (features > 0) if guided else positive),
        negative=_part(weights, negative, np.zeros_like(negative) if guided else negative),
    )


def _part(weights: NDArray, all_of: NDArray[np.bool_], seen: NDArray[np.bool_]) -> float:
    total = float(np.abs(weights[all_of]).sum(dtype=float))
    return float(np.abs(weights[seen]).sum(dtype=float)) / total if total else math.nan


_Gradient = Callable[[NDArray], NDArray[np.float32]]


def _gradient_of(encoder: nn.Module, weights: NDArray) -> _Gradient:
    """The gradient of the score at a (48, 96, 96) region."""
    parameter = next(encoder.parameters())
    # Contiguous as the bottleneck is: an optimised convolution would first have to reorder it.
    start = torch.from_numpy(np.ascontiguousarray(unflatten(np.asarray(weights, np.float32)))[None]).to(parameter)

    def gradient(x: NDArray) -> NDArray[np.float32]:
        voxels = torch.from_numpy(np.array(x, np.float32)[None, None]).to(parameter).requires_grad_()
        with torch.enable_grad():
            bottleneck: Tensor = encoder(voxels)
            (found,) = torch.autograd.grad(bottleneck, voxels, start)
        return found[0, 0].cpu().numpy()

    return gradient


def _smooth(
    gradient: _Gradient, x: NDArray[np.float32], options: HeatOptions, progress: Progress, seed: int
) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    sd = options.noise * float(x.max() - x.min())
    total = np.zeros(x.shape)
    for done in range(options.samples):
        total += gradient(x + sd * rng.standard_normal(x.shape, np.float32))
        progress("heatmap", done + 1, options.samples)
    return (total / options.samples).astype(np.float32)


def _integrated(
    network: SegmentingUNet, x: NDArray[np.float32], weights: NDArray, options: HeatOptions, progress: Progress
) -> NDArray[np.float32]:
    gradient = _gradient_of(frozen_encoder(network), weights)
    start = blurred(x, options)
    places, shares = np.polynomial.legendre.leggauss(options.steps)
    total = np.zeros(x.shape)
    for done, (place, share) in enumerate(zip((places + 1) / 2, shares / 2, strict=True)):
        total += share * gradient(start + np.float32(place) * (x - start))
        progress("heatmap", done + 1, options.steps)
    return (total * (x - start)).astype(np.float32)


def _require(array: NDArray, shape: tuple[int, ...], what: str) -> None:
    if array.shape != shape or not np.isfinite(array).all():
        msg = f"{what} needs finite numbers of shape {shape}, got {array.shape}"
        raise ValueError(msg)
