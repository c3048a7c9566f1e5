"""Size of an encoder, and how one is trained."""

import math
from dataclasses import dataclass

from prognosis.portraits.stylegan2.options import START, GeneratorOptions

LARGEST_SEEN = 256
"""Pixels a side of the largest image an encoder looks at; wider ones are shrunk first."""

_SMALLEST_SEEN = 16
_FEWEST_CHANNELS = 16
_CHANNELS = {4: 96, 8: 64, 16: 48, 32: 32}
_DIMENSIONS = 128
_LARGEST_GROWTH = 4


@dataclass(frozen=True)
class EncoderOptions:
    """Size of an encoder.

    Args:
        resolution: Pixels a side of its images, those of the generator.
        z_dim: Numbers of a latent z.
        w_dim: Numbers of a mapped latent w.
        channels: Of the activations after each halving of what it sees, down to 4 pixels; see `encoder_options`.
        hidden: Numbers between the last activations and the latents.
    """

    resolution: int
    z_dim: int
    w_dim: int
    channels: tuple[int, ...]
    hidden: int

    def __post_init__(self) -> None:
        counts = (self.resolution, self.z_dim, self.w_dim, self.hidden, *self.channels)
        if not all(isinstance(count, int) and not isinstance(count, bool) and count > 0 for count in counts):
            msg = f"resolution, dimensions and channels must be whole numbers above 0: {self}"
            raise ValueError(msg)
        if self.resolution < _SMALLEST_SEEN or self.resolution & (self.resolution - 1):
            msg = f"resolution must be a power of two of {_SMALLEST_SEEN} or more, got {self.resolution}"
            raise ValueError(msg)
        if len(self.channels) != len(_sides(self.resolution)):
            msg = f"channels must be {len(_sides(self.resolution))} numbers for {self.resolution} pixels: {self}"
            raise ValueError(msg)

    @property
    def seen(self) -> int:
        """Pixels a side of what the convolutions look at."""
        return min(self.resolution, LARGEST_SEEN)


def encoder_options(generator: GeneratorOptions) -> EncoderOptions:
    """An encoder that fits a generator: half a million parameters for 64 pixels and 64 dimensions, more for more."""
    growth = min(_LARGEST_GROWTH, max(1, max(generator.z_dim, generator.w_dim) // _DIMENSIONS))
    channels = tuple(growth * _CHANNELS.get(side, _FEWEST_CHANNELS) for side in _sides(generator.resolution))
    hidden = max(_DIMENSIONS, generator.z_dim, generator.w_dim)
    return EncoderOptions(generator.resolution, generator.z_dim, generator.w_dim, channels, hidden)


def _sides(resolution: int) -> tuple[int, ...]:
    """Pixels a side after each halving of what is seen, down to 4."""
    seen = min(resolution, LARGEST_SEEN)
    return tuple(seen >> step for step in range(1, (seen // START).bit_length()))


@dataclass(frozen=True)
class EncoderTrainingOptions:
    """How an encoder is trained (no paper says; these are our assumptions).

    Args:
        steps: Of Adam.
        batch: Faces drawn from the generator for a step.
        views: How often each is shown in its step, changed in another way each time.
        learning_rate: Highest rate of a cosine schedule with a warm-up over a twentieth of the steps.
        lowest_truncation: Half of the faces are drawn truncated, from here to 1: faces nearer the mean one.
        feature_share: Share of the steps, the last ones, that also compare the guesses' faces with the faces seen.
        feature_weight: How much the distance of those faces counts beside the errors of the latents.
        feature_images: Faces of such a step that are compared, half of them made from guessed z and half from w.
        held_out: Faces the trained encoder is measured on.
        seed: Seed of everything random.
        device: 'auto', 'cpu', 'cuda', ...
    """

    steps: int = 5000
    batch: int = 64
    views: int = 2
    learning_rate: float = 2e-3
    lowest_truncation: float = 0.5
    feature_share: float = 0.5
    feature_weight: float = 2.0
    feature_images: int = 16
    held_out: int = 512
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.views) < 1 or self.batch * self.views < 2 or self.seed < 0:
            msg = "steps, batch and views must be 1 or more, at least 2 faces a step, and the seed not negative"
            raise ValueError(msg)
        if not 0 < self.learning_rate < math.inf or not 0 <= self.feature_weight < math.inf:
            msg = "learning_rate must be above 0 and feature_weight 0 or more"
            raise ValueError(msg)
        if not 0 < self.lowest_truncation <= 1 or not 0 <= self.feature_share <= 1:
            msg = "lowest_truncation must be above 0 and at most 1, feature_share from 0 to 1"
            raise ValueError(msg)
        if not 2 <= self.feature_images <= self.batch and self.compares:
            msg = f"feature_images must be from 2 to batch, got {self.feature_images} of {self.batch}"
            raise ValueError(msg)
        if self.held_out < 2:
            msg = f"held_out must be 2 or more, got {self.held_out}"
            raise ValueError(msg)

    @property
    def compares(self) -> bool:
        """Whether any step compares faces."""
        return self.feature_share > 0 and self.feature_weight > 0

    @property
    def first_comparing_step(self) -> int:
        """The step from which on faces are compared."""
        return self.steps - round(self.steps * self.feature_share) if self.compares else self.steps
