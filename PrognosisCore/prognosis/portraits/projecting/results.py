"""What is known of a projected photo."""

from dataclasses import dataclass

from torch import Tensor

from prognosis.portraits.projecting.options import Space


@dataclass(frozen=True)
class Latents:
    """Where a face lies, in the space it was looked for and in those that follow from it.

    Args:
        space: Where it was looked for.
        z: (z_dim,) of length sqrt(z_dim); None where the search was in w or w+.
        w: (w_dim,); None where the search was in w+.
        w_plus: (layers, w_dim).
        noise_maps: (side, side) for each convolution where noise was fitted, else none.
    """

    space: Space
    z: Tensor | None
    w: Tensor | None
    w_plus: Tensor
    noise_maps: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Restarts:
    """How much a photo's result depends on where its search began.

    Args:
        count: Searches.
        latent_spread: How far their latents lie apart: 0 for the same, about 1 for unrelated ones; None for one search.
        loss_spread: SD of their losses; None for one search.
    """

    count: int
    latent_spread: float | None
    loss_spread: float | None


@dataclass(frozen=True)
class Distances:
    """How far a face is from its photo.

    Args:
        perceptual: By the features of `network`, from 0.
        pixel: Mean squared difference of pixels in [-1, 1].
        identity: By `identity_measure`, from 0 to 2; None where there was none.
        network: Name of the network that latents were fitted by.
        validated: Whether others have shown that its distances follow what people see.
        identity_measure: Name of what tells persons apart.
        identity_validated: Whether others have shown that it does.
    """

    perceptual: float
    pixel: float
    identity: float | None
    network: str
    validated: bool
    identity_measure: str | None
    identity_validated: bool | None


@dataclass(frozen=True)
class Projection:
    """A photo's latents and how good they are.

    Args:
        latents: The best ones found.
        image: (3, R, R) what the generator makes of them, in about [-1, 1].
        distances: How far that is from the photo.
        loss: What was made small: perceptual distance and weighted pixels, and irregular noise where noise was fitted.
        restarts: How much the start mattered.
        steps: Steps taken.
        stopped_early: Whether it ended for want of progress.
        curve: Loss at each step; while noise is added to latents, that of the noisy ones.
    """

    latents: Latents
    image: Tensor
    distances: Distances
    loss: float
    restarts: Restarts
    steps: int
    stopped_early: bool
    curve: tuple[float, ...]
