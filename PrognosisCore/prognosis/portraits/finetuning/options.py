"""What shapes the training of a generator."""

import math
from dataclasses import dataclass
from enum import StrEnum

GROUP = 4
"""Images the discriminator compares with each other: a process's part of a batch is a multiple of it."""


class AugmentMode(StrEnum):
    """How what the discriminator sees is changed at random, so that it does not learn few photos by heart."""

    ADAPTIVE = "adaptive"
    """As often as keeps it from overfitting (Karras et al. 2020, "Training GANs with limited data")."""
    FIXED = "fixed"
    """With the same probability throughout."""
    NONE = "none"
    """Not at all."""


class Precision(StrEnum):
    """Kind of number of the activations."""

    AUTO = "auto"
    """bfloat16 where the device is fast with it."""
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class FinetuneOptions:
    """How a generator is trained; the defaults are those of StyleGAN2-ADA.

    Args:
        images: Photos shown to the discriminator in all, one counted each time it is shown.
        batch: Photos a step, over all processes together.
        learning_rate: Of both networks.
        r1_weight: Of the penalty on the discriminator's slope at photos; 0 takes 0.0002 resolution^2 / batch.
        r1_every: Steps from one such penalty to the next, which counts for them all.
        path_weight: Of path length regularisation; 0 leaves it out.
        path_every: Steps from one path length to the next.
        mixing: Share of images whose w changes from one latent's to another's at some layer.
        average_images: Images over which the weights that are kept forget by half.
        augment: How images are changed at random.
        augment_target: Mean sign of the discriminator's output on photos that `adaptive` keeps.
        augment_probability: Of each change, with `fixed`.
        augment_images: Images in which the probability can go from 0 to 1.
        mirror: Show every photo as its mirror image too.
        freeze_discriminator: Blocks of the discriminator, from the image on, that keep their weights (Mo et al. 2020).
        freeze_mapping: Keep the mapping's weights, so that latents keep their meaning as far as they can.
        held_out: Share of the photos that is not learnt from, for the distances.
        snapshots: How many times results are looked at on the way.
        precision: Kind of number of the activations.
        seed: Seed of everything random.
        device: 'auto', 'cpu', 'cuda', ...
    """

    images: int = 200_000
    batch: int = 32
    learning_rate: float = 0.0025
    r1_weight: float = 0.0
    r1_every: int = 16
    path_weight: float = 2.0
    path_every: int = 4
    mixing: float = 0.9
    average_images: int = 10_000
    augment: AugmentMode = AugmentMode.ADAPTIVE
    augment_target: float = 0.6
    augment_probability: float = 0.2
    augment_images: int = 500_000
    mirror: bool = True
    freeze_discriminator: int = 0
    freeze_mapping: bool = False
    held_out: float = 0.1
    snapshots: int = 10
    precision: Precision = Precision.AUTO
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        counts = (self.images, self.r1_every, self.path_every, self.average_images, self.augment_images, self.snapshots)
        if min(counts) < 1 or self.batch < GROUP or self.batch % GROUP or self.images < self.batch:
            msg = f"counts must be 1 or more, batch a multiple of {GROUP}, images at least a batch"
            raise ValueError(msg)
        if not all(0 <= weight < math.inf for weight in (self.r1_weight, self.path_weight)):
            raise ValueError("weights must be 0 or more")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError("learning_rate must be above 0")
        if not all(0 <= share <= 1 for share in (self.mixing, self.augment_probability)):
            raise ValueError("mixing and augment_probability are shares from 0 to 1")
        if not 0 < self.augment_target < 1 or not 0 <= self.held_out < 1:
            raise ValueError("augment_target must lie between 0 and 1, held_out from 0 to below 1")
        if min(self.freeze_discriminator, self.seed) < 0:
            raise ValueError("freeze_discriminator and seed must be 0 or more")

    @property
    def rounds(self) -> int:
        """Steps of each network."""
        return self.images // self.batch
