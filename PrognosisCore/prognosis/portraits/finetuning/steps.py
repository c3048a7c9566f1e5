"""The steps of both networks: what each is shown, and the gradients that come of it."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from prognosis.errors import InputError
from prognosis.portraits.finetuning.augmenting import Augmenting
from prognosis.portraits.finetuning.dealing import ends_part, parts_done, photos_of_round, randomness
from prognosis.portraits.finetuning.losses import fooled, path_lengths, slope_at_photos, told_apart
from prognosis.portraits.finetuning.options import FinetuneOptions, Precision
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.portraits.finetuning.players import Players
from prognosis.portraits.stylegan2.options import Noise
from prognosis.training.device import has_fast_bfloat16
from prognosis.training.team import Team

_PATH_SHRINK = 2
_PATH_DECAY = 0.01
_RAMP_UP = 0.05
_R1_OF_SIZE = 0.0002
_EPSILON = 1e-8


@dataclass(frozen=True)
class Steps:
    """Computes gradients, and changes what is remembered between steps; weights are left to the optimizer.

    Args:
        players: The networks.
        photos: Of the generator's resolution.
        learnt: Indices of those to learn from.
        options: Of the training.
        device: Where the networks are.
        team: The processes that share each batch.
        augmenting: Changes what the discriminator sees.
    """

    players: Players
    photos: PhotoSet
    learnt: NDArray[np.int64]
    options: FinetuneOptions
    device: torch.device
    team: Team
    augmenting: Augmenting

    def discriminator(self, number: int) -> None:
        """Gradients of the discriminator's step of round `number`.

        Raises:
            InputError: Training diverged.
        """
        draw = randomness(self.options, number, 0, self.team)
        with torch.no_grad():
            generated = self._images(self._ws(self._share, draw), draw)
        penalised = number % self.options.r1_every == 0
        photos = self._photos(number, draw).requires_grad_(penalised)
        on_generated = self._judged(self.augmenting.changed(generated, draw))
        on_photos = self._judged(self.augmenting.changed(photos, draw))
        loss = told_apart(on_photos, on_generated)
        self._remember_loss("loss_discriminator", loss, number)
        if penalised:
            slope = slope_at_photos(on_photos, photos)
            self.players.remember(r1=float(self._over_team(slope)))
            loss = loss + slope * (self._r1_weight / 2 * self.options.r1_every)
        loss.backward()
        signs = float(self.team.summed(on_photos.detach().sign().sum()))
        self.augmenting.observe(signs, self.options.batch)
        self.players.remember(sign_on_photos=signs / self.options.batch)

    def generator(self, number: int) -> None:
        """Gradients of the generator's step of round `number`.

        Raises:
            InputError: Training diverged.
        """
        draw = randomness(self.options, number, 1, self.team)
        with _left_out(self.players.discriminator):
            ws = self._ws(self._share, draw)
            self.players.generator.follow_mean(self._over_team(ws[:, 0].mean(dim=0, keepdim=True)))
            loss = fooled(self._judged(self.augmenting.changed(self._images(ws, draw), draw)))
            self._remember_loss("loss_generator", loss, number)
            loss.backward()
        if self.options.path_weight and number % self.options.path_every == 0:
            self._regularise_paths(max(1, self._share // _PATH_SHRINK), draw)

    def finish(self, number: int) -> None:
        """Keep averages and the curve after round `number`."""
        options, done = self.options, number + 1
        forgets = min(options.average_images, done * options.batch * _RAMP_UP)
        self.players.follow(0.5 ** (options.batch / max(forgets, _EPSILON)))
        self.players.remember(images=done * options.batch, probability=self.augmenting.probability)
        records = len(self.players.curve)
        if ends_part(done, options.rounds, records):
            self.players.curve[parts_done(done, options.rounds, records) - 1] = self.players.latest

    def _regularise_paths(self, count: int, draw: torch.Generator) -> None:
        ws = self._ws(count, draw)
        if not ws.requires_grad:  # of a mapping that is frozen
            ws.requires_grad_()
        lengths = path_lengths(self._images(ws, draw), ws, draw)
        mean = self._over_team(lengths.mean())
        self.players.path_mean.lerp_(mean.to(self.players.path_mean), _PATH_DECAY)
        penalty = (lengths - self.players.path_mean).square().mean()
        (penalty * (self.options.path_weight * self.options.path_every)).backward()
        self.players.remember(path_length=float(mean))

    def _ws(self, count: int, draw: torch.Generator) -> Tensor:
        """(count, layers, w_dim), some with w of two latents."""
        generator = self.players.generator
        z = torch.randn(2 * count, generator.options.z_dim, generator=draw).to(self.device)
        starts = torch.randint(1, generator.layers, (count, 1, 1), generator=draw)
        mixes = torch.rand(count, 1, 1, generator=draw) < self.options.mixing
        if not self.options.mixing:
            return generator.map(z[:count])
        second = (torch.arange(generator.layers)[None, :, None] >= starts) & mixes
        one, other = generator.map(z).chunk(2)
        return torch.where(second.to(self.device), other, one)

    def _images(self, ws: Tensor, draw: torch.Generator) -> Tensor:
        return self.players.generator.synthesise(ws, noise=Noise.RANDOM, generator=draw, precision=self._precision)

    def _photos(self, number: int, draw: torch.Generator) -> Tensor:
        images = self.photos.images(photos_of_round(self.learnt, self.options, number, self.team)).to(self.device)
        if not self.options.mirror:
            return images
        flipped = (torch.rand(len(images), 1, 1, 1, generator=draw) < 0.5).to(self.device)
        return torch.where(flipped, images.flip(3), images)

    def _judged(self, images: Tensor) -> Tensor:
        return self.players.discriminator(images, precision=self._precision)

    def _remember_loss(self, name: str, loss: Tensor, number: int) -> None:
        value = float(self._over_team(loss))
        if not math.isfinite(value):
            raise diverged(number * self.options.batch)
        self.players.remember(**{name: value})

    def _over_team(self, mean: Tensor) -> Tensor:
        """The mean over the batch of a mean over this process's share, the same in each process."""
        return self.team.summed(mean.detach()) / self.team.size

    @property
    def _share(self) -> int:
        return self.options.batch // self.team.size

    @property
    def _precision(self) -> torch.dtype | None:
        precision = self.options.precision
        short = precision is Precision.BFLOAT16 or (precision is Precision.AUTO and has_fast_bfloat16(self.device))
        return torch.bfloat16 if short else None

    @property
    def _r1_weight(self) -> float:
        return self.options.r1_weight or _R1_OF_SIZE * self.photos.resolution**2 / self.options.batch


def diverged(shown: int) -> InputError:
    """What is told when numbers stop to be such after so many photos."""
    return InputError(
        f"Training diverged after {shown} photos: losses or their slopes are no numbers.",
        remedy="Lower the learning rate or raise r1_weight; with other options the training begins anew.",
    )


@contextmanager
def _left_out(network: nn.Module) -> Iterator[None]:
    """Leave a network out of gradients for a while."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad = True
