"""Amplifying and damping coarse and fine detail."""

import torch
from torch import Tensor

from prognosis.portraits.augmentation.drawing import Drawing
from prognosis.portraits.augmentation.wavelets import BANDS, band_passes

GAIN_OCTAVES = 1.0
EXPECTED_POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""Share of each octave in the power of a photo."""


def draw_gains(drawing: Drawing) -> Tensor:
    """(n, 4) factors of the octaves, the coarsest first; each change leaves the expected power of a photo as it was."""
    power = torch.tensor(EXPECTED_POWER, dtype=torch.float64, device=drawing.generator.device)
    gains = torch.ones(drawing.count, BANDS, dtype=torch.float64, device=drawing.generator.device)
    for band in range(BANDS):
        one = torch.ones_like(gains)
        one[:, band] = torch.where(drawing.chosen(), drawing.factors(GAIN_OCTAVES), 1.0)
        gains = gains * one / (one.square() @ power).sqrt()[:, None]
    return gains


def amplified(images: Tensor, gains: Tensor) -> Tensor:
    """Multiply the octaves of images (n, c, side, side) by gains (n, 4), along rows and along columns."""
    passes = band_passes(images.shape[-1], images.dtype, images.device)
    filters = torch.einsum("nb,bij->nij", gains, passes)[:, None]
    return filters @ images @ filters.mT
