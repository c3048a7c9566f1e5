"""The discriminator of StyleGAN2: a residual network that tells photos from generated faces."""

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from prognosis.portraits.stylegan2.layers import EqualisedConvolution, EqualisedLinear, activate, within_limits
from prognosis.portraits.stylegan2.options import START, GeneratorOptions
from prognosis.portraits.stylegan2.resampling import Resampling

_COLOURS = 3
_GROUP = 4
_EPSILON = 1e-8
_HALF_VARIANCE = math.sqrt(0.5)


def with_batch_deviation(x: Tensor, group: int = _GROUP) -> Tensor:
    """Add a channel that says how much the images of a group differ (Karras et al. 2018, section 3).

    A group takes every (n / group)-th image. Its channel holds one number: the standard deviation over the group, as a
    mean over channels and pixels. Fewer images than `group` are one group.

    Args:
        x: (n, c, h, w).
        group: Images a group.

    Returns:
        (n, c + 1, h, w).

    Raises:
        ValueError: The images do not fill their groups.
    """
    size = min(group, len(x))
    if len(x) % size:
        msg = f"{len(x)} images cannot be split into groups of {size}"
        raise ValueError(msg)
    groups = x.unflatten(0, (size, -1))
    deviation = (groups.var(dim=0, correction=0) + _EPSILON).sqrt().mean(dim=(1, 2, 3))
    channel = deviation.repeat(size)[:, None, None, None].expand(-1, 1, *x.shape[2:])
    return torch.cat([x, channel], dim=1)


class HalvingBlock(nn.Module):
    """Two convolutions and a way past them; the image comes out half as wide (Karras et al. 2020, figure 7c)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualisedConvolution(inputs, inputs, 3)
        self.second = EqualisedConvolution(inputs, outputs, 3)
        self.past = EqualisedConvolution(inputs, outputs, 1, bias=False)
        self.resampling = Resampling()

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs, h/2, h/2) of (n, inputs, h, h)."""
        past = self.past(self.resampling.halved(x))
        x = within_limits(activate(self.first(x, padding=1)))
        x = activate(self.second(self.resampling.smoothed(x, padding=2), stride=2))
        return within_limits((x + past) * _HALF_VARIANCE)


class Discriminator(nn.Module):
    """From colours through halving blocks to 4 pixels, the deviation of the batch, and one number.

    A state dict holds `colours.`, `blocks.I.first|second|past.`, `last.`, `dense.` and `output.`, each with `weight`
    and, but for `past`, `bias`; the block 0 reads the largest image.

    Args:
        options: Size of the generator it plays against.
    """

    def __init__(self, options: GeneratorOptions) -> None:
        super().__init__()
        self.options = options
        sides = options.sides[::-1]
        smallest = options.channels(START)
        self.colours = EqualisedConvolution(_COLOURS, options.channels(options.resolution), 1)
        self.blocks = nn.ModuleList(
            HalvingBlock(options.channels(side), options.channels(half)) for side, half in pairwise(sides)
        )
        self.last = EqualisedConvolution(smallest + 1, smallest, 3)
        self.dense = EqualisedLinear(smallest * START**2, smallest)
        self.output = EqualisedLinear(smallest, 1)

    def features(self, images: Tensor, *, precision: torch.dtype | None = None) -> Iterator[Tensor]:
        """What each block gives, the largest first: (n, c, resolution/2, resolution/2) to (n, c, 4, 4).

        Args:
            images: (n, 3, resolution, resolution) in about [-1, 1].
            precision: Kind of number of the activations, 16-bit ones cut at +-256; that of the weights when None.

        Raises:
            ValueError: The images have another shape.
        """
        wanted = (_COLOURS, self.options.resolution, self.options.resolution)
        if images.ndim != 4 or images.shape[1:] != wanted:
            msg = f"the discriminator reads (n, {', '.join(map(str, wanted))}), got {tuple(images.shape)}"
            raise ValueError(msg)
        x = images.to(precision or self.output.weight.dtype).contiguous(memory_format=torch.channels_last)
        x = within_limits(activate(self.colours(x)))
        for block in self.blocks:
            x = block(x)
            yield x

    def forward(self, images: Tensor, *, precision: torch.dtype | None = None) -> Tensor:
        """How much each image looks like a photo.

        Args:
            images: (n, 3, resolution, resolution) in about [-1, 1]; n is at most 4 or a multiple of 4.
            precision: Kind of number of the activations, 16-bit ones cut at +-256; that of the weights when None.

        Returns:
            (n,) logits, in the kind of number of the weights.

        Raises:
            ValueError: The images have another shape, or do not fill groups of 4.
        """
        *_, x = self.features(images, precision=precision)
        x = x.to(self.output.weight.dtype)
        x = activate(self.last(with_batch_deviation(x), padding=1))
        return self.output(activate(self.dense(x.flatten(1)))).squeeze(1)
