"""Size of a StyleGAN2, and what its noise inputs get."""

from dataclasses import dataclass
from enum import StrEnum

SMALLEST_IMAGE = 64
LARGEST_IMAGE = 1024
START = 4
"""Pixels a side of the constant that every image grows from."""


class Noise(StrEnum):
    """What the layers of a generator add to their activations besides the latent."""

    CONSTANT = "constant"
    """The noise stored with the network: a latent has one image."""
    RANDOM = "random"
    """Drawn anew for every image."""
    NONE = "none"
    """Nothing."""


@dataclass(frozen=True)
class GeneratorOptions:
    """Size of a generator and of the discriminator that belongs to it.

    Args:
        resolution: Pixels a side of an image, a power of two from 64 to 1024.
        z_dim: Numbers of a latent z.
        w_dim: Numbers of a mapped latent w.
        channel_base: Channels times pixels a side where `channel_max` does not bind (32768 in the paper's configuration
            F; 16384 halves the wide layers).
        channel_max: Most channels of a layer.
        mapping_layers: Fully connected layers from z to w.
        mapping_learning_rate: Of the mapping, relative to all else.
    """

    resolution: int
    z_dim: int = 512
    w_dim: int = 512
    channel_base: int = 32768
    channel_max: int = 512
    mapping_layers: int = 8
    mapping_learning_rate: float = 0.01

    def __post_init__(self) -> None:
        sides = [SMALLEST_IMAGE << step for step in range((LARGEST_IMAGE // SMALLEST_IMAGE).bit_length())]
        if not _is_count(self.resolution) or self.resolution not in sides:
            msg = f"resolution must be one of {sides}, got {self.resolution}"
            raise ValueError(msg)
        counts = (self.z_dim, self.w_dim, self.channel_base, self.channel_max, self.mapping_layers)
        if not all(_is_count(count) for count in counts) or self.channel_base < self.resolution:
            msg = (
                f"dimensions, channels and layers must be whole numbers above 0 and channel_base >= resolution: {self}"
            )
            raise ValueError(msg)
        if not 0 < self.mapping_learning_rate <= 1:
            msg = f"mapping_learning_rate must be above 0 and at most 1, got {self.mapping_learning_rate}"
            raise ValueError(msg)

    @property
    def sides(self) -> tuple[int, ...]:
        """Pixels a side of the activations from the constant to the image: 4, 8, ... resolution."""
        return tuple(START << step for step in range((self.resolution // START).bit_length()))

    @property
    def layers(self) -> int:
        """Number of w that an image takes: one a convolution, and one for the last layer to colours."""
        return 2 * len(self.sides)

    def channels(self, side: int) -> int:
        """Channels of the activations that are `side` pixels wide."""
        return min(self.channel_base // side, self.channel_max)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
