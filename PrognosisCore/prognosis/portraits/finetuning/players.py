"""The networks of a training, and all else that changes with it."""

import torch
from torch import Tensor, nn

from prognosis.portraits.finetuning.augmenting import STATE_SIZE
from prognosis.portraits.finetuning.options import FinetuneOptions
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.generator import Generator

CURVE = ("images", "loss_generator", "loss_discriminator", "sign_on_photos", "probability", "r1", "path_length")
"""Columns of a training's curve."""


class Players(nn.Module):
    """Generator and discriminator, the average of the generator's weights, and what is remembered between steps.

    Args:
        generator: As it starts.
        discriminator: As it starts.
        options: Of the training.
    """

    path_mean: Tensor
    strength: Tensor
    latest: Tensor
    curve: Tensor

    def __init__(self, generator: Generator, discriminator: Discriminator, options: FinetuneOptions) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.averaged = Generator(generator.options)
        self.averaged.load_state_dict(generator.state_dict())
        self.averaged.requires_grad_(requires_grad=False)
        self.register_buffer("path_mean", torch.zeros(()))
        self.register_buffer("strength", torch.zeros(STATE_SIZE, dtype=torch.float64))
        self.register_buffer("latest", torch.zeros(len(CURVE), dtype=torch.float64))
        self.register_buffer("curve", torch.full((options.snapshots * 10, len(CURVE)), torch.nan, dtype=torch.float64))
        self._free_or_freeze(options)

    def remember(self, **values: float) -> None:
        """Keep the latest of some columns of the curve."""
        for name, value in values.items():
            self.latest[CURVE.index(name)] = value

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Draw the averaged weights towards the generator's."""
        for averaged, learnt in zip(self.averaged.parameters(), self.generator.parameters(), strict=True):
            averaged.lerp_(learnt, 1 - decay)
        for kept, changed in zip(self.averaged.buffers(), self.generator.buffers(), strict=True):
            kept.copy_(changed)

    def _free_or_freeze(self, options: FinetuneOptions) -> None:
        """Let weights learn, but for those that shall not, whatever the networks served for before."""
        self.generator.requires_grad_()
        self.discriminator.requires_grad_()
        if options.freeze_mapping:
            self.generator.mapping.requires_grad_(requires_grad=False)
        if options.freeze_discriminator:
            frozen = [self.discriminator.colours, *self.discriminator.blocks[: options.freeze_discriminator]]
            for module in frozen:
                module.requires_grad_(requires_grad=False)
