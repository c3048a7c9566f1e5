"""Convolutions that a latent steers (Karras et al. 2020, section 2.2)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from prognosis.portraits.stylegan2.layers import EqualisedLinear, activate, within_limits
from prognosis.portraits.stylegan2.options import Noise
from prognosis.portraits.stylegan2.resampling import Resampling

_KERNEL = 3
COLOURS = 3
_EPSILON = 1e-8


class StyledConvolution(nn.Module):
    """A 3x3 convolution whose weights w scales per input channel and that is scaled back to outputs of variance 1.

    Where the image is doubled, `weight` is the kernel of a true convolution on the image with zeros put between its
    pixels; elsewhere of a cross-correlation, as in PyTorch's convolutions. NVIDIA's networks for PyTorch store both so.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        w_dim: Numbers of w.
        side: Pixels a side of what comes out.
        doubles: Whether what comes in is half as wide.
    """

    noise: Tensor

    def __init__(self, inputs: int, outputs: int, w_dim: int, side: int, *, doubles: bool) -> None:
        super().__init__()
        self.style = EqualisedLinear(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, _KERNEL, _KERNEL))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(side, side))
        self.weight_gain = 1 / math.sqrt(inputs * _KERNEL**2)
        self.resampling = Resampling() if doubles else None

    def forward(self, x: Tensor, w: Tensor, noise: Noise, generator: torch.Generator | None = None) -> Tensor:
        """Activations of the layer.

        Args:
            x: (n, inputs, h, h), of 16 or more bits.
            w: (n, w_dim).
            noise: What is added besides.
            generator: Where random noise comes from.

        Returns:
            (n, outputs, side, side), the kind of number of x.
        """
        x = self._modulated(x, self.style(w))
        if noise is not Noise.NONE:
            x = x + (self._noise(len(x), noise, generator) * self.noise_strength).to(x.dtype)
        return within_limits(activate(x + self.bias.to(x.dtype)[:, None, None]))

    def _modulated(self, x: Tensor, styles: Tensor) -> Tensor:
        """Scale inputs and outputs rather than the weights, which are then one set for the whole batch."""
        weight = self.weight * self.weight_gain
        # Demodulation takes the size of the styles out again: at most 1, they overflow no 16-bit number.
        styles = styles / styles.detach().abs().amax(dim=1, keepdim=True).clamp_min(_EPSILON)
        scales = (styles.square() @ weight.square().sum(dim=(2, 3)).T + _EPSILON).rsqrt()
        if len(x) == 1:
            weight = weight * styles[0, :, None, None] * scales[0, :, None, None, None]
            return self._convolved(x, weight.to(x.dtype))
        x = self._convolved(x * styles.to(x.dtype)[:, :, None, None], weight.to(x.dtype))
        return x * scales.to(x.dtype)[:, :, None, None]

    def _convolved(self, x: Tensor, weight: Tensor) -> Tensor:
        if self.resampling is None:
            return functional.conv2d(x, weight, padding=_KERNEL // 2)
        doubled = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        return self.resampling.smoothed(doubled, padding=1, gain=4.0)

    def _noise(self, count: int, noise: Noise, generator: torch.Generator | None) -> Tensor:
        """(count or 1, 1, side, side)."""
        if noise is Noise.CONSTANT:
            return self.noise[None, None]
        here = self.noise.device
        drawn_on = here if generator is None else generator.device
        drawn = torch.randn(count, 1, *self.noise.shape, generator=generator, device=drawn_on)
        return drawn.to(self.noise)


class ToColours(nn.Module):
    """Red, green and blue from activations: w scales the channels, nothing scales back.

    Args:
        inputs: Channels in.
        w_dim: Numbers of w.
    """

    def __init__(self, inputs: int, w_dim: int) -> None:
        super().__init__()
        self.style = EqualisedLinear(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(COLOURS, inputs))
        self.bias = nn.Parameter(torch.zeros(COLOURS))
        self.weight_gain = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(n, 3, h, h) of (n, inputs, h, h) and (n, w_dim), in the kind of number of the weights."""
        styles = self.style(w) * self.weight_gain
        weight = (self.weight * styles[:, None]).to(x.dtype)
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2) @ weight.transpose(1, 2)
        colours = pixels.transpose(1, 2).unflatten(2, x.shape[2:])
        return within_limits(colours + self.bias.to(x.dtype)[:, None, None]).to(self.bias.dtype)
