"""Reading images at any place, with derivatives of any order with respect to the images.

R1 trains the discriminator by a derivative of its gradient; that of PyTorch's own `grid_sample` has none.
"""

from enum import IntEnum
from typing import Any

import torch
from torch import Tensor

_ZEROS_OUTSIDE = 0
_EDGES = False


class Reading(IntEnum):
    """What is read between pixels, in PyTorch's numbers."""

    BILINEAR = 0
    NEAREST = 1


def sampled(images: Tensor, places: Tensor, reading: Reading) -> Tensor:
    """Read images at places; zeros outside.

    Args:
        images: (n, c, h, w).
        places: (n, h', w', 2) x and y, -1 and 1 being the outer edges of the image; they get no gradient.
        reading: What is read between pixels.

    Returns:
        (n, c, h', w').
    """
    return _Sampled.apply(images, places, reading)


class _Sampled(torch.autograd.Function):
    """Sampling is linear in the images, so its derivative is its transpose, and the derivative of that is itself."""

    @staticmethod
    def forward(context: Any, images: Tensor, places: Tensor, reading: Reading) -> Tensor:
        context.save_for_backward(places)
        context.reading, context.shape = reading, images.shape
        return torch.ops.aten.grid_sampler_2d(images, places, int(reading), _ZEROS_OUTSIDE, _EDGES)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (places,) = context.saved_tensors
        return _Spread.apply(gradients[0], places, context.reading, context.shape), None, None


class _Spread(torch.autograd.Function):
    """The transpose: what was read at a place is added to the pixels it came from."""

    @staticmethod
    def forward(context: Any, values: Tensor, places: Tensor, reading: Reading, shape: torch.Size) -> Tensor:
        context.save_for_backward(places)
        context.reading = reading
        images_only = [True, False]
        spread, _ = torch.ops.aten.grid_sampler_2d_backward(
            values.contiguous(), values.new_zeros(shape), places, int(reading), _ZEROS_OUTSIDE, _EDGES, images_only
        )
        return spread

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (places,) = context.saved_tensors
        return _Sampled.apply(gradients[0], places, context.reading), None, None, None
