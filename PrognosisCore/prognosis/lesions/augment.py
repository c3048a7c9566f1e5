"""Random shift, scale, flip and rotation of patches cut wider than the network sees."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CONTEXT = 1.5


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random transforms (the paper names their kinds; the ranges are our assumption).

    Args:
        shift: Largest shift, in parts of the patch's side.
        scale: Largest change of size, up or down.
        rotation_degrees: Largest rotation.
    """

    shift: float = 0.08
    scale: float = 0.12
    rotation_degrees: float = 20.0


def augmented(patches: Tensor, size: int, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Transform each patch at random and cut it to the network's size.

    Args:
        patches: (n, 1, m, m) with m = `CONTEXT` * size.
        size: Side of the result in pixels.
        augmentation: Ranges.
        generator: Source of randomness, on the CPU.

    Returns:
        (n, 1, size, size).
    """
    n = len(patches)

    def uniform(limit: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * limit

    angle = uniform(augmentation.rotation_degrees) * torch.pi / 180
    size_change = torch.exp(uniform(augmentation.scale))
    flips = torch.randint(0, 2, (n, 2), generator=generator) * 2.0 - 1.0
    shift = torch.stack([uniform(augmentation.shift), uniform(augmentation.shift)], 1) * 2
    cos, sin = torch.cos(angle) * size_change, torch.sin(angle) * size_change
    linear = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1) * flips[:, None, :]
    theta = torch.cat([linear, shift[:, :, None]], 2) / CONTEXT
    grid = functional.affine_grid(theta, [n, 1, size, size], align_corners=False).to(patches.device)
    return functional.grid_sample(patches.float(), grid, padding_mode="border", align_corners=False)


def central(patches: Tensor, size: int) -> Tensor:
    """The middle (n, 1, size, size) of wider patches, as scoring sees them."""
    first = (patches.shape[-1] - size) // 2
    return patches[..., first : first + size, first : first + size].float()
