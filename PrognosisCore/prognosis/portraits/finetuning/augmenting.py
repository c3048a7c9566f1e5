"""What the discriminator sees, changed at random as often as the training asks for."""

from dataclasses import astuple, fields
from functools import cached_property

import torch
from torch import Tensor

from prognosis.portraits.augmentation.adaptive import AdaptiveState, AdaptiveStrength
from prognosis.portraits.augmentation.options import AugmentationOptions
from prognosis.portraits.augmentation.pipeline import Augmentation
from prognosis.portraits.finetuning.options import AugmentMode, FinetuneOptions

STATE_SIZE = len(fields(AdaptiveState))


class Augmenting:
    """The random changes of a training, and how often they are made by now.

    Args:
        options: Of the training.
        state: (5,) float64 where the adaptive probability is, kept and changed in place.
    """

    def __init__(self, options: FinetuneOptions, state: Tensor) -> None:
        self._options = options
        self._state = state

    @property
    def probability(self) -> float:
        """Of each change."""
        match self._options.augment:
            case AugmentMode.ADAPTIVE:
                return self._strength().p
            case AugmentMode.FIXED:
                return self._options.augment_probability
            case AugmentMode.NONE:
                return 0.0

    def changed(self, images: Tensor, draw: torch.Generator) -> Tensor:
        """(n, 3, r, r) of the same, each changed on its own."""
        probability = self.probability
        return self._augmentation.augment(images, probability, draw) if probability else images

    def observe(self, signs: float, count: int) -> None:
        """Take note of the sum of the signs of the discriminator's output on so many photos."""
        if self._options.augment is AugmentMode.ADAPTIVE:
            strength = self._strength()
            strength.observe(signs, count)
            self._state.copy_(torch.tensor(astuple(strength.state), dtype=self._state.dtype))

    @cached_property
    def _augmentation(self) -> Augmentation:
        return Augmentation(AugmentationOptions())

    def _strength(self) -> AdaptiveStrength:
        p, sign_sum, images, batches, mean_sign = self._state.tolist()
        state = AdaptiveState(p, sign_sum, int(images), int(batches), mean_sign)
        return AdaptiveStrength(self._options.augment_target, self._options.augment_images, state=state)
