"""Homogeneous matrices of n images, (n, d + 1, d + 1) for d dimensions: what they do to a point, applied from the left.

In the plane x runs to the right and y down, as pixels do, from the centre of the image.
"""

import torch
from torch import Tensor


def translation(*along: Tensor) -> Tensor:
    """Move by numbers (n,) along each axis."""
    moved = _identity(along[0], len(along) + 1)
    moved[:, :-1, -1] = torch.stack(along, dim=1)
    return moved


def scaling(*along: Tensor) -> Tensor:
    """Multiply by factors (n,) along each axis."""
    return torch.diag_embed(torch.stack([*along, torch.ones_like(along[0])], dim=1))


def rotation(angle: Tensor) -> Tensor:
    """Turn the plane anticlockwise, as seen, by angles (n,) in radians."""
    turned = _identity(angle, 3)
    turned[:, 0, 0] = turned[:, 1, 1] = angle.cos()
    turned[:, 0, 1] = angle.sin()
    turned[:, 1, 0] = -angle.sin()
    return turned


def rotation_about(axis: Tensor, angle: Tensor) -> Tensor:
    """Turn space about a unit vector (3,) by angles (n,) in radians (formula of Rodrigues)."""
    x, y, z = axis.tolist()
    crossed = axis.new_tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    along = torch.outer(axis, axis)
    across = torch.eye(3).to(axis) - along
    turned = _identity(angle, 4)
    turned[:, :3, :3] = along + angle.cos()[:, None, None] * across + angle.sin()[:, None, None] * crossed
    return turned


def scaling_across(axis: Tensor, along: Tensor, across: Tensor) -> Tensor:
    """Multiply what points along a unit vector (3,) by factors (n,), and what is at right angles to it by others."""
    projector = torch.outer(axis, axis)
    scaled = _identity(along, 4)
    rest = torch.eye(3).to(axis) - projector
    scaled[:, :3, :3] = along[:, None, None] * projector + across[:, None, None] * rest
    return scaled


def _identity(like: Tensor, size: int) -> Tensor:
    return torch.eye(size).to(like).repeat(len(like), 1, 1)
