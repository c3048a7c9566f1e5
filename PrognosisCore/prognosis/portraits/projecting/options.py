"""How photos are projected; read by the command line before anything heavy is loaded."""

from dataclasses import dataclass
from enum import StrEnum


class Space(StrEnum):
    """Where a latent is looked for."""

    Z = "z"
    """What the generator is fed with, of length sqrt(z_dim): isotropic, and the space risks are read from."""
    W = "w"
    """What the mapping makes of z; the same for all layers."""
    W_PLUS = "w+"
    """A w for every layer: nearest to the photo, farthest from what the generator learnt."""


class Precision(StrEnum):
    """Kind of number of the networks' activations; latents are always of 32 bits."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class ProjectionOptions:
    """How latents are found; what is given is the schedule of Karras et al. 2020 (StyleGAN2), appendix D.

    Args:
        space: Where they are looked for.
        steps: Steps of Adam.
        learning_rate: Its highest rate.
        rise: Share of the steps in which the rate rises from 0.
        fall: Share of the steps in which it falls to 0.
        latent_noise: SD of the noise added to a latent at first, over the spread of latents; the search is wide then.
        noise_until: Share of the steps after which there is none.
        pixel_weight: Weight of the mean squared difference of pixels, which are in [-1, 1], beside the perceptual
            distance; 0 leaves it out.
        noise_maps: Also fit the generator's noise inputs. They then carry part of the face, which the latent lacks.
        noise_weight: Weight of what keeps fitted noise noise.
        restarts: Searches for each photo, from different starts; the best is taken, their spread is told.
        patience: Steps without progress after which a photo is finished; 0 never stops early.
        least_gain: Share by which a loss must fall to count as progress.
        seed: Of starts and noise.
        precision: Of the networks.
    """

    space: Space = Space.Z
    steps: int = 1000
    learning_rate: float = 0.1
    rise: float = 0.05
    fall: float = 0.25
    latent_noise: float = 0.05
    noise_until: float = 0.75
    pixel_weight: float = 0.1
    noise_maps: bool = False
    noise_weight: float = 1e5
    restarts: int = 1
    patience: int = 100
    least_gain: float = 1e-3
    seed: int = 0
    precision: Precision = Precision.FLOAT32

    def __post_init__(self) -> None:
        if min(self.steps, self.restarts) < 1 or min(self.patience, self.seed) < 0:
            raise ValueError("steps and restarts must be 1 or more, patience and seed 0 or more")
        shares = (self.rise, self.fall, self.noise_until, self.least_gain)
        if not all(0 <= share <= 1 for share in shares) or self.rise + self.fall > 1:
            raise ValueError("rise, fall, noise_until and least_gain must be from 0 to 1, rise and fall together too")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        weights = (self.latent_noise, self.pixel_weight, self.noise_weight)
        if not all(0 <= weight < float("inf") for weight in weights):
            raise ValueError("latent_noise, pixel_weight and noise_weight must be 0 or more")


@dataclass(frozen=True)
class GuessedStart(ProjectionOptions):
    """The same search from latents that are near already: few steps, without noise that would lead away from them."""

    steps: int = 100
    learning_rate: float = 0.2
    latent_noise: float = 0.0
    patience: int = 25
