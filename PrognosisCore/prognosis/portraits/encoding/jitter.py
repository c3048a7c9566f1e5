"""Small random changes of faces, so that an encoder of drawn faces is not at a loss before photos."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_FARTHEST_BLUR = 3  # standard deviations


@dataclass(frozen=True)
class Jitter:
    """Ranges of the random changes; colours change little, for pallor is a sign an encoder must see.

    Args:
        share: Of the faces that are changed at all.
        shift: Largest shift, in parts of the image's side.
        scale: Largest change of size, up or down.
        rotation_degrees: Largest rotation.
        brightness: Largest change of all colours, which reach from -1 to 1.
        contrast: Largest relative change of contrast.
        cast: Largest relative change of one colour against the others.
        blur: Largest standard deviation of a blur, in parts of the image's side.
        noise: Largest standard deviation of a pixel's noise.
    """

    share: float = 0.75
    shift: float = 0.02
    scale: float = 0.03
    rotation_degrees: float = 3.0
    brightness: float = 0.06
    contrast: float = 0.08
    cast: float = 0.03
    blur: float = 0.012
    noise: float = 0.04


DEFAULT_JITTER = Jitter()


@torch.no_grad()
def jittered(images: Tensor, jitter: Jitter, randomness: torch.Generator) -> Tensor:
    """Change each image at random, or leave it as it is.

    Args:
        images: (n, 3, s, s) in [-1, 1].
        jitter: Ranges.
        randomness: Where everything random comes from, on the CPU.

    Returns:
        (n, 3, s, s) in [-1, 1].
    """
    n, device = len(images), images.device
    changes = torch.rand(n, generator=randomness) < jitter.share
    moved = _moved(images, jitter, randomness)
    blurred = _blurred(moved, _uniform((n,), 0.0, jitter.blur * images.shape[-1], randomness).to(device), jitter)
    gain = torch.exp(
        _uniform((n, 1), -jitter.contrast, jitter.contrast, randomness)
        + _uniform((n, 3), -jitter.cast, jitter.cast, randomness)
    )
    offset = _uniform((n, 1), -jitter.brightness, jitter.brightness, randomness)
    grain = _uniform((n, 1, 1, 1), 0.0, jitter.noise, randomness) * torch.randn(images.shape, generator=randomness)
    changed = blurred * gain[:, :, None, None].to(device) + (offset[:, :, None, None] + grain).to(device)
    return torch.where(changes[:, None, None, None].to(device), changed.clamp(-1, 1), images)


def _moved(images: Tensor, jitter: Jitter, randomness: torch.Generator) -> Tensor:
    """Shifted, scaled and rotated about the middle; the border repeats beyond it."""
    n = len(images)
    angle = _uniform((n,), -jitter.rotation_degrees, jitter.rotation_degrees, randomness) * math.pi / 180
    size = torch.exp(_uniform((n,), -jitter.scale, jitter.scale, randomness))
    cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
    shift = _uniform((n, 2), -2 * jitter.shift, 2 * jitter.shift, randomness)
    theta = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    grid = functional.affine_grid(theta.to(images.device), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid.to(images), padding_mode="border", align_corners=False)


def _blurred(images: Tensor, sigma: Tensor, jitter: Jitter) -> Tensor:
    """Blurred by a Gaussian of each image's own sigma (n,), in pixels."""
    radius = math.ceil(_FARTHEST_BLUR * jitter.blur * images.shape[-1])
    if radius == 0:
        return images
    places = torch.arange(-radius, radius + 1, device=images.device)
    taps = torch.exp(-0.5 * (places / sigma.clamp_min(1e-3)[:, None]).square())
    taps = (taps / taps.sum(dim=1, keepdim=True)).to(images)
    n, colours, side = images.shape[0], images.shape[1], images.shape[-1]
    padded = functional.pad(images, (radius,) * 4, mode="replicate")
    rows = taps.repeat_interleave(colours, dim=0)[:, None, None]
    flat = functional.conv2d(padded.reshape(1, n * colours, *padded.shape[2:]), rows, groups=n * colours)
    flat = functional.conv2d(flat, rows.transpose(2, 3), groups=n * colours)
    return flat.view(n, colours, side, side)


def _uniform(shape: tuple[int, ...], low: float, high: float, randomness: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=randomness)
