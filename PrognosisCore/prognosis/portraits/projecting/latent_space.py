"""The spaces latents live in: their middle, how far they spread, and what the generator makes of them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from prognosis.portraits.projecting.options import Space
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.mapping import normalised

_SAMPLES = 10_000
_SAMPLES_SEED = 20
_STARTS, _NOISE = 1, 2
_TOWARDS_SAMPLE = 0.5


@dataclass(frozen=True)
class LatentSpace:
    """A space of a generator's latents.

    Args:
        space: Which.
        generator: Whose.
        middle: The mean latent, of the shape of one: (z_dim,), (w_dim,) or (layers, w_dim). In z, whose mean has no
            direction, the sample whose w lies nearest to the mean w.
        spread: Root of the mean squared distance of latents from their mean, of one layer.
    """

    space: Space
    generator: Generator
    middle: Tensor
    spread: float

    @staticmethod
    @torch.no_grad()
    def of(generator: Generator, space: Space) -> "LatentSpace":
        """Measure a generator's space on 10,000 samples, as the paper does; always the same ones."""
        z = normalised(_drawn((_SAMPLES_SEED,), (_SAMPLES, generator.options.z_dim))).to(generator.mean_w)
        w = generator.map(z)[:, 0]
        mean = w.mean(dim=0)
        distances = (w - mean).square().sum(dim=1)
        if space is Space.Z:
            return LatentSpace(space, generator, z[distances.argmin()], z.shape[1] ** 0.5)
        middle = mean if space is Space.W else mean.repeat(generator.layers, 1)
        return LatentSpace(space, generator, middle, float(distances.mean().sqrt()))

    def starts(self, count: int, restarts: int, seed: int, guess: Tensor | None) -> Tensor:
        """Where searches begin.

        The first search of a photo begins at its guess, else in the middle; the others half way from there towards
        random latents, which are the same for all photos.

        Args:
            count: Photos.
            restarts: Searches for each.
            seed: Of random latents.
            guess: (count, ...) latents; those of w+ may be one w each. None for the middle.

        Returns:
            (count * restarts, ...) latents, a photo's searches side by side.

        Raises:
            ValueError: The guess has another shape.
        """
        first = self.middle.expand(count, *self.middle.shape) if guess is None else self._fitting(guess, count)
        away = [torch.zeros_like(self.middle), *(self._away(seed, restart) for restart in range(1, restarts))]
        begun = first[:, None] + torch.stack(away)
        return self.allowed(begun.flatten(0, 1))

    def noise(self, seed: int, restarts: int, step: int) -> Tensor:
        """(restarts, ...) noise of a step, as long as latents spread: the same for all photos, other for each restart.

        So what becomes of a photo does not depend on those beside it.
        """
        drawn = [_drawn((_NOISE, seed, restart, step), tuple(self.middle.shape)) for restart in range(restarts)]
        return torch.stack(drawn).to(self.middle) * self.spread

    def allowed(self, latents: Tensor) -> Tensor:
        """The nearest latents of the space: those of z have a length of sqrt(z_dim)."""
        return normalised(latents) if self.space is Space.Z else latents

    def ws(self, latents: Tensor) -> Tensor:
        """(n, layers, w_dim) of latents (n, ...)."""
        if self.space is Space.Z:
            return self.generator.map(latents)
        return latents.unsqueeze(1).expand(-1, self.generator.layers, -1) if self.space is Space.W else latents

    def distance_apart(self, latents: Tensor) -> float:
        """How far latents (n, ...) of one photo lie apart: 0 for the same, about 1 for unrelated ones."""
        off = (latents - latents.mean(dim=0)).flatten(1).square().sum() / (len(latents) - 1)
        layers = self.middle.shape[0] if self.space is Space.W_PLUS else 1
        return float((off / layers).sqrt()) / self.spread if self.spread else 0.0

    def _fitting(self, guess: Tensor, count: int) -> Tensor:
        guess = guess.detach().to(self.middle)
        if self.space is Space.W_PLUS and guess.ndim == 2:
            guess = guess.unsqueeze(1).expand(-1, self.generator.layers, -1)
        if guess.shape != (count, *self.middle.shape):
            msg = f"start must be {(count, *self.middle.shape)} in {self.space}, got {tuple(guess.shape)}"
            raise ValueError(msg)
        return guess

    @torch.no_grad()
    def _away(self, seed: int, restart: int) -> Tensor:
        z = normalised(_drawn((_STARTS, seed, restart), (1, self.generator.options.z_dim))).to(self.middle)
        if self.space is Space.Z:
            return _TOWARDS_SAMPLE * z[0]
        return _TOWARDS_SAMPLE * (self.generator.map(z)[0, 0] - self.middle).reshape(self.middle.shape)


def _drawn(key: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    """Normal numbers that depend on their key alone, wherever they are used."""
    return torch.from_numpy(np.random.default_rng(key).standard_normal(shape, dtype=np.float32))
