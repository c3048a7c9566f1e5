"""The mapping network: from z, whose length means nothing, to w."""

from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from prognosis.portraits.stylegan2.layers import EqualisedLinear, activate
from prognosis.portraits.stylegan2.options import GeneratorOptions

_EPSILON = 1e-8


def normalised(z: Tensor) -> Tensor:
    """z scaled to a mean square of 1, that is to a length of sqrt(z_dim)."""
    return z * (z.square().mean(dim=1, keepdim=True) + _EPSILON).rsqrt()


class Mapping(nn.Module):
    """Fully connected layers with leaky ReLU (Karras et al. 2019, section 2).

    Args:
        options: Size of the generator.
    """

    def __init__(self, options: GeneratorOptions) -> None:
        super().__init__()
        widths = [options.z_dim] + [options.w_dim] * options.mapping_layers
        rate = options.mapping_learning_rate
        self.layers = nn.ModuleList(
            EqualisedLinear(inputs, outputs, learning_rate=rate) for inputs, outputs in pairwise(widths)
        )

    def forward(self, z: Tensor) -> Tensor:
        """(n, w_dim) of (n, z_dim)."""
        x = normalised(z)
        for layer in self.layers:
            x = activate(cast(Tensor, layer(x)))
        return x
