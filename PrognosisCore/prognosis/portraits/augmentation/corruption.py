"""Noise, and a part of the image left out."""

import torch
from torch import Tensor

from prognosis.portraits.augmentation.drawing import Drawing

NOISE_DEVIATION = 0.1
CUT = 0.5
"""Side of the grey square, in parts of the image's."""


def draw_noise(drawing: Drawing) -> Tensor:
    """(n,) standard deviations of the noise of each image, half-normal where chosen."""
    return drawing.chosen() * drawing.normal(NOISE_DEVIATION).abs()


def noisy(images: Tensor, deviations: Tensor, generator: torch.Generator) -> Tensor:
    """Add normal noise of deviations (n,) to every pixel and colour of images (n, c, h, w)."""
    noise = torch.randn(images.shape, generator=generator, dtype=images.dtype, device=generator.device)
    return images + noise.to(images.device) * deviations[:, None, None, None]


def draw_cuts(drawing: Drawing) -> tuple[Tensor, Tensor]:
    """(n,) which images lose a part, and (n, 2) its centre in x and y as parts of the image's side."""
    return drawing.chosen(), drawing.uniform(0, 1, 2)


def cut_out(images: Tensor, centres: Tensor) -> Tensor:
    """Set a square of images (n, c, side, side) about centres (n, 2) to grey, which is 0."""
    side = images.shape[-1]
    pixels = (torch.arange(side).to(centres) + 0.5) / side
    outside = (pixels - centres[:, :, None]).abs() >= CUT / 2
    kept = outside[:, 0, None, :] | outside[:, 1, :, None]
    return images * kept[:, None]
