"""Fitting a generator's noise inputs beside the latent, and what keeps them noise (Karras et al. 2020, appendix D)."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.modulation import StyledConvolution
from prognosis.portraits.stylegan2.options import Noise

_SMALLEST = 8
_EPSILON = 1e-8


class FreeNoise(StyledConvolution):
    """A convolution whose noise is given image by image."""

    maps: Tensor | None = None

    @staticmethod
    def like(convolution: StyledConvolution) -> "FreeNoise":
        """The same convolution with the same weights."""
        outputs, inputs = convolution.weight.shape[:2]
        w_dim, side = convolution.style.weight.shape[1], convolution.noise.shape[-1]
        free = FreeNoise(inputs, outputs, w_dim, side, doubles=convolution.resampling is not None)
        free.load_state_dict(convolution.state_dict())
        return free.to(convolution.weight)

    def _noise(self, count: int, noise: Noise, generator: torch.Generator | None) -> Tensor:
        return super()._noise(count, noise, generator) if self.maps is None else self.maps


class NoisyGenerator(Generator):
    """A generator whose images have noise inputs of their own."""

    @staticmethod
    def like(generator: Generator) -> "NoisyGenerator":
        """The same generator with the same weights."""
        noisy = NoisyGenerator(generator.options)
        noisy.load_state_dict(generator.state_dict())
        noisy.to(generator.mean_w)
        for index, convolution in enumerate(noisy.synthesis.convolutions):
            noisy.synthesis.convolutions[index] = FreeNoise.like(cast(StyledConvolution, convolution))
        return noisy.requires_grad_(requires_grad=False).eval()

    @property
    def stored_maps(self) -> tuple[Tensor, ...]:
        """(side, side) the noise stored with the network, for each convolution."""
        return tuple(convolution.noise for convolution in self._free)

    def synthesise_with(self, ws: Tensor, maps: Sequence[Tensor], *, precision: torch.dtype | None = None) -> Tensor:
        """Images of latents and noise.

        Args:
            ws: (n, layers, w_dim).
            maps: (n, side, side) for each convolution.
            precision: See `Generator.synthesise`.

        Returns:
            (n, 3, resolution, resolution).
        """
        free = self._free
        for convolution, given in zip(free, maps, strict=True):
            convolution.maps = given.unsqueeze(1)
        try:
            return self.synthesise(ws, precision=precision)
        finally:
            for convolution in free:
                convolution.maps = None

    @property
    def _free(self) -> list[FreeNoise]:
        return [cast(FreeNoise, convolution) for convolution in self.synthesis.convolutions]


def noise_regularity(maps: Sequence[Tensor]) -> Tensor:
    """How far noise maps are from white noise: products of neighbours, squared, at each size down to 8 pixels.

    Args:
        maps: (n, side, side) for each convolution.

    Returns:
        (n,) 0 or more.
    """
    total = maps[0].new_zeros(len(maps[0]))
    for full in maps:
        level = full
        while True:
            for axis in (1, 2):
                total = total + (level * level.roll(1, dims=axis)).mean(dim=(1, 2)).square()
            if level.shape[-1] <= _SMALLEST:
                break
            # The mean of four independent numbers varies half as much.
            level = 2 * functional.avg_pool2d(level.unsqueeze(1), 2).squeeze(1)
    return total


def as_noise(maps: Tensor) -> Tensor:
    """(n, side, side) maps brought to a mean of 0 and a variance of 1."""
    centred = maps - maps.mean(dim=(1, 2), keepdim=True)
    return centred * (centred.square().mean(dim=(1, 2), keepdim=True) + _EPSILON).rsqrt()
