"""What all layers of StyleGAN2 share: equalised learning rates, the activation, limits of 16-bit numbers."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_SLOPE = 0.2
_GAIN = math.sqrt(2)
_LIMIT = 256.0
_SHORT = (torch.float16, torch.bfloat16)


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2, times sqrt 2 so that the variance stays."""
    return functional.leaky_relu(x, _SLOPE) * _GAIN


def within_limits(x: Tensor) -> Tensor:
    """Cut 16-bit activations at +-256, far beyond what is needed (Karras et al. 2020 ADA, mixed precision)."""
    return x.clamp(-_LIMIT, _LIMIT) if x.dtype in _SHORT else x


class EqualisedLinear(nn.Module):
    """A fully connected layer whose weights are stored with variance 1 and scaled where they are used.

    So all layers learn at the same pace under Adam (Karras et al. 2018, section 4.1).

    Args:
        inputs: Numbers in.
        outputs: Numbers out.
        bias: Initial value of every bias.
        learning_rate: Relative to the other layers.
    """

    def __init__(self, inputs: int, outputs: int, *, bias: float = 0.0, learning_rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / learning_rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / learning_rate))
        self.weight_gain = learning_rate / math.sqrt(inputs)
        self.bias_gain = learning_rate

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs) of (n, inputs)."""
        return functional.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)


class EqualisedConvolution(nn.Module):
    """A convolution with an equalised learning rate that keeps the size of the image, or halves it.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        size: Pixels a side of the kernel.
        bias: Whether to add one.
    """

    def __init__(self, inputs: int, outputs: int, size: int, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.weight_gain = 1 / math.sqrt(inputs * size**2)

    def forward(self, x: Tensor, *, stride: int = 1, padding: int = 0) -> Tensor:
        """(n, outputs, h', w') of (n, inputs, h, w), in the kind of number of x."""
        weight = (self.weight * self.weight_gain).to(x.dtype)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return functional.conv2d(x, weight, bias, stride=stride, padding=padding)
