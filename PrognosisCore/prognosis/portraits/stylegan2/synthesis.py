"""The synthesis network: from a constant to an image, layer by layer."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from prognosis.portraits.stylegan2.modulation import COLOURS, StyledConvolution, ToColours
from prognosis.portraits.stylegan2.options import START, GeneratorOptions, Noise
from prognosis.portraits.stylegan2.resampling import Resampling


class Synthesis(nn.Module):
    """One convolution at 4 pixels, two at each size above; every size adds its colours (Karras et al. 2020, figure 7b).

    The convolution i takes w number i. After each even one the layer to colours i/2 takes w number i + 1.

    Args:
        options: Size of the generator.
    """

    def __init__(self, options: GeneratorOptions) -> None:
        super().__init__()
        sides, w_dim = options.sides, options.w_dim
        self.constant = nn.Parameter(torch.randn(options.channels(START), START, START))
        convolutions = [_convolution(options, START, START)]
        for half, side in pairwise(sides):
            convolutions += [_convolution(options, half, side), _convolution(options, side, side)]
        self.convolutions = nn.ModuleList(convolutions)
        self.colours = nn.ModuleList(ToColours(options.channels(side), w_dim) for side in sides)
        self.resampling = Resampling()

    def forward(self, ws: Tensor, noise: Noise, generator: torch.Generator | None, precision: torch.dtype) -> Tensor:
        """(n, 3, resolution, resolution) of (n, layers, w_dim)."""
        x = self.constant.to(precision).expand(len(ws), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        image = self.constant.new_zeros(len(ws), COLOURS, START // 2, START // 2)
        for index, convolution in enumerate(self.convolutions):
            x = convolution(x, ws[:, index], noise, generator)
            if index % 2 == 0:
                image = self.resampling.doubled(image) + self.colours[index // 2](x, ws[:, index + 1])
        return image.contiguous()


def _convolution(options: GeneratorOptions, before: int, side: int) -> StyledConvolution:
    inputs, outputs = options.channels(before), options.channels(side)
    return StyledConvolution(inputs, outputs, options.w_dim, side, doubles=before != side)
