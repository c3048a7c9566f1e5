"""From w back to z: an encoder sees w better than z, and the mapping alone costs next to nothing to search through."""

import torch
from torch import Tensor

from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.mapping import normalised

_STEPS = 300
_RATE = 0.05


@torch.enable_grad()
def mapped_back(generator: Generator, w: Tensor, z: Tensor) -> Tensor:
    """Move latents z until the mapping makes w of them, or nearly so.

    Args:
        generator: Its mapping is looked through; nothing of it changes.
        w: (n, w_dim) wanted.
        z: (n, z_dim) where to begin.

    Returns:
        (n, z_dim) of length sqrt(z_dim); each as near as any on its way, never farther than at the start.
    """
    best = normalised(z.detach())
    nearest = torch.full((len(z),), torch.inf, device=z.device)
    moved = best.clone().requires_grad_()
    optimizer = torch.optim.Adam([moved], lr=_RATE)
    for _ in range(_STEPS):
        apart = (generator.map(moved)[:, 0] - w.detach()).square().sum(dim=1)
        nearer = apart.detach() < nearest
        best = torch.where(nearer[:, None], moved.detach(), best)
        nearest = torch.where(nearer, apart.detach(), nearest)
        (moved.grad,) = torch.autograd.grad(apart.sum(), moved)
        optimizer.step()
        with torch.no_grad():
            moved.copy_(normalised(moved))
    return best
