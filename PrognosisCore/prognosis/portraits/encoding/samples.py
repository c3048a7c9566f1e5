"""Faces that a generator makes up, with the latents they were made from."""

from dataclasses import dataclass

import torch
from torch import Tensor

from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.mapping import normalised
from prognosis.portraits.stylegan2.options import Noise

_TRUNCATED = 0.5


@dataclass(frozen=True)
class Samples:
    """Faces of no one and their latents.

    Args:
        z: (n, z_dim) of length sqrt(z_dim).
        w: (n, w_dim) that made the faces, truncated where the face is.
        images: (n, 3, resolution, resolution) cut to [-1, 1], as photos are.
    """

    z: Tensor
    w: Tensor
    images: Tensor


@torch.no_grad()
def draw_samples(
    generator: Generator,
    count: int,
    randomness: torch.Generator,
    *,
    lowest_truncation: float = 1.0,
    precision: torch.dtype | None = None,
) -> Samples:
    """Draw faces with noise inputs of their own.

    Args:
        generator: It makes them.
        count: How many.
        randomness: Where everything random comes from, on the CPU.
        lowest_truncation: Half of them are truncated by a number from here to 1.
        precision: Kind of number of the generator's activations; that of its weights when None.
    """
    device, options = generator.mean_w.device, generator.options
    z = normalised(torch.randn(count, options.z_dim, generator=randomness)).to(device)
    truncated = torch.rand(count, 1, generator=randomness) < _TRUNCATED
    lower = lowest_truncation + (1 - lowest_truncation) * torch.rand(count, 1, generator=randomness)
    truncation = torch.where(truncated, lower, 1.0).to(device)
    w = generator.mean_w + truncation * (generator.map(z)[:, 0] - generator.mean_w)
    images = face_of(generator, w, noise=Noise.RANDOM, randomness=randomness, precision=precision)
    return Samples(z, w, images.clamp(-1, 1))


def face_of(
    generator: Generator,
    w: Tensor,
    *,
    noise: Noise = Noise.CONSTANT,
    randomness: torch.Generator | None = None,
    precision: torch.dtype | None = None,
) -> Tensor:
    """Faces (n, 3, resolution, resolution) of w (n, w_dim), which all layers take alike."""
    ws = w.unsqueeze(1).expand(-1, generator.layers, -1)
    return generator.synthesise(ws, noise=noise, generator=randomness, precision=precision)
