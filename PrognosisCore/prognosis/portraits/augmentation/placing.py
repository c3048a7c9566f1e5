"""Where the pixels of images go: moves that copy them, and warps that need values between them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from prognosis.portraits.augmentation.drawing import Drawing
from prognosis.portraits.augmentation.matrices import rotation, scaling, translation
from prognosis.portraits.augmentation.sampling import Reading, sampled
from prognosis.portraits.augmentation.wavelets import DELAY, REACH, doubling, folded, halving

LARGEST_SHIFT = 0.125
SHIFT_DEVIATION = 0.125
SCALE_OCTAVES = 0.2


@dataclass(frozen=True)
class Moves:
    """Changes of n images that copy pixels, in this order.

    Args:
        mirrored: (n,) 1 where left and right are exchanged, else 0.
        quarters: (n,) quarters of a turn, anticlockwise.
        shift: (n, 2) whole pixels to the right and down.
    """

    mirrored: Tensor
    quarters: Tensor
    shift: Tensor

    def matrices(self) -> Tensor:
        """(n, 3, 3) from a pixel's place to its new one."""
        mirror = scaling(1 - 2 * self.mirrored, torch.ones_like(self.mirrored))
        turn = rotation(self.quarters * (math.pi / 2)).round()
        return translation(*self.shift.unbind(1)) @ turn @ mirror


@dataclass(frozen=True)
class Warps:
    """Changes of n images that need values between pixels, in this order.

    Args:
        scale: (n,) factors.
        before: (n,) angles in radians, anticlockwise.
        stretch: (n,) factors of the width, and divisors of the height.
        after: (n,) angles in radians, anticlockwise.
        shift: (n, 2) pixels to the right and down.
    """

    scale: Tensor
    before: Tensor
    stretch: Tensor
    after: Tensor
    shift: Tensor

    def matrices(self) -> Tensor:
        """(n, 3, 3) from a point to its new place."""
        first = rotation(self.before) @ scaling(self.scale, self.scale)
        second = rotation(self.after) @ scaling(self.stretch, 1 / self.stretch)
        return translation(*self.shift.unbind(1)) @ second @ first


def draw_moves(drawing: Drawing, side: int) -> Moves:
    """Draw moves; where one is chosen, one of its outcomes is to stay."""
    mirrored = drawing.chosen() * drawing.whole(2)
    quarters = drawing.chosen() * drawing.whole(4)
    shift = drawing.chosen()[:, None] * (drawing.uniform(-LARGEST_SHIFT, LARGEST_SHIFT, 2) * side).round()
    return Moves(mirrored, quarters, shift)


def draw_warps(drawing: Drawing, side: int) -> Warps:
    """Draw warps; an image is rotated before, after or both with the probability of every other change."""
    rotated = 1 - math.sqrt(1 - drawing.p)
    return Warps(
        scale=torch.where(drawing.chosen(), drawing.factors(SCALE_OCTAVES), 1.0),
        before=drawing.chosen(rotated) * drawing.uniform(-math.pi, math.pi),
        stretch=torch.where(drawing.chosen(), drawing.factors(SCALE_OCTAVES), 1.0),
        after=drawing.chosen(rotated) * drawing.uniform(-math.pi, math.pi),
        shift=drawing.chosen()[:, None] * drawing.normal(SHIFT_DEVIATION * side, 2),
    )


def copied(images: Tensor, matrices: Tensor) -> Tensor:
    """Move pixels as they are; beyond the border the image goes on in a mirror.

    Args:
        images: (n, c, side, side).
        matrices: (n, 3, 3) of `Moves`.

    Returns:
        (n, c, side, side).
    """
    side = images.shape[-1]
    sources = _sources(torch.arange(side).to(matrices), matrices, side)
    return sampled(images, _in_parts(sources, side), Reading.NEAREST)


def warped(images: Tensor, matrices: Tensor) -> Tensor:
    """Move an image as one that is smooth between its pixels: doubled, read, and halved, by the wavelet SYM6.

    Beyond the border the doubled image goes on in a mirror.

    Args:
        images: (n, c, side, side).
        matrices: (n, 3, 3) from a point to its new place.

    Returns:
        (n, c, side, side).
    """
    side = images.shape[-1]
    up, down = (of(side, images.dtype, images.device) for of in (doubling, halving))
    row = (torch.arange(-REACH, 2 * side + REACH).to(matrices) - DELAY) / 2
    sources = _sources(row, matrices, side) * 2 + DELAY
    return down @ sampled(up @ images @ up.T, _in_parts(sources, 2 * side), Reading.BILINEAR) @ down.T


def _sources(row: Tensor, matrices: Tensor, side: int) -> Tensor:
    """(n, m, m, 2) pixels x and y that come to lie at the columns and rows `row` (m,)."""
    centre = (side - 1) / 2
    back = torch.linalg.inv(matrices)
    centred = row - centre
    along = back[:, :2, :1] * centred + back[:, :2, 2:]
    down = back[:, :2, 1:2] * centred
    found = along[:, :, None, :] + down[:, :, :, None] + centre
    return folded(found, side).movedim(1, -1)


def _in_parts(pixels: Tensor, side: int) -> Tensor:
    """Places of pixels where -1 and 1 are the outer edges of the image."""
    return (pixels * 2 + 1) / side - 1
