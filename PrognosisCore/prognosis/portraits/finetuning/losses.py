"""What generator and discriminator are trained for (Karras et al. 2020)."""

import math

import torch
from torch import Tensor, autograd
from torch.nn import functional


def fooled(on_generated: Tensor) -> Tensor:
    """The generator's loss: -log of the probability that its images are photos (Goodfellow et al. 2014)."""
    return functional.softplus(-on_generated).mean()


def told_apart(on_photos: Tensor, on_generated: Tensor) -> Tensor:
    """The discriminator's loss: -log of the probability that it tells photos from generated images."""
    return functional.softplus(-on_photos).mean() + functional.softplus(on_generated).mean()


def slope_at_photos(on_photos: Tensor, photos: Tensor) -> Tensor:
    """Mean squared length of the discriminator's slope at photos (R1 of Mescheder et al. 2018, equation 9).

    Args:
        on_photos: (n,) outputs, with their graph.
        photos: (n, 3, h, w) what they were computed from.
    """
    (slope,) = autograd.grad(on_photos.sum(), photos, create_graph=True)
    return slope.float().square().sum(dim=(1, 2, 3)).mean()


def path_lengths(images: Tensor, ws: Tensor, generator: torch.Generator) -> Tensor:
    """How far images move when w does, in a random direction of the image (Karras et al. 2020, equation 4).

    Args:
        images: (n, 3, h, w), with their graph.
        ws: (n, layers, w_dim) what they were computed from.
        generator: Where the direction comes from.

    Returns:
        (n,) lengths.
    """
    drawn = torch.randn(images.shape, generator=generator, device=generator.device).to(images)
    direction = drawn / math.sqrt(images.shape[2] * images.shape[3])
    (moved,) = autograd.grad((images * direction).sum(), ws, create_graph=True)
    return moved.square().sum(dim=2).mean(dim=1).sqrt()
