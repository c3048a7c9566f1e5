"""How alike two faces are as persons: the angle between what a network says of each."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from prognosis.portraits.comparing.features import FeatureNetwork

NOT_VALIDATED = "not a validated identity measure"

FACE_LEFT, FACE_TOP, FACE_SIDE = 0.148, 0.248, 0.714
"""The square from brows to chin in a face aligned as FFHQ is, in parts of the picture's side."""

_DEEPEST = 2
_AT_ONCE = 32


@dataclass(frozen=True)
class IdentityMeasure:
    """What tells persons apart.

    Args:
        name: Told beside every number it makes; says so where the measure is not validated.
        validated: Whether others have shown that it tells persons apart.
        embed: From images (n, 3, R, R) in [-1, 1], aligned as FFHQ is, to unit vectors (n, d) without gradients.
    """

    name: str
    validated: bool
    embed: Callable[[Tensor], Tensor]


def identity_distance(ones: Tensor, others: Tensor) -> Tensor:
    """1 - the cosine between unit vectors.

    Args:
        ones: (n, d) from `IdentityMeasure.embed`.
        others: Those of other images by the same measure; n or 1 of them.

    Returns:
        (n,) from 0 for the same to 2 for opposite vectors.

    Raises:
        ValueError: The vectors do not belong together.
    """
    if ones.ndim != 2 or others.ndim != 2 or ones.shape[1] != others.shape[1] or len(others) not in (1, len(ones)):
        msg = f"vectors must be (n, d) and (n or 1, d), got {tuple(ones.shape)} and {tuple(others.shape)}"
        raise ValueError(msg)
    # Half the squared distance: the same number, exact where vectors are close.
    return (ones - others).square().sum(dim=1) / 2


def network_identity(network: FeatureNetwork) -> IdentityMeasure:
    """Tell persons apart by mean and spread of the two deepest layers of a network for other ends.

    Both layers weigh the same; of each, places on the face count. No one has shown that this tells persons apart: of
    drawn faces, the same person before another background was nearer than another person in 70 % of pairs by a
    discriminator of random weights, and in 59 % had all places counted.
    """

    @torch.no_grad()
    def embed(images: Tensor) -> Tensor:
        return torch.cat([_pooled(network(some)[-_DEEPEST:]) for some in images.split(_AT_ONCE)])

    return IdentityMeasure(f"{network.name}, {NOT_VALIDATED}", validated=False, embed=embed)


def _pooled(layers: list[Tensor]) -> Tensor:
    faces = [_on_face(x) for x in layers]
    parts = [torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3), correction=0)], dim=1) for x in faces]
    return functional.normalize(torch.cat([functional.normalize(part, dim=1) for part in parts], dim=1), dim=1)


def _on_face(x: Tensor) -> Tensor:
    """Places (n, c, h', w') of (n, c, h, w) whose middle is on the face."""
    rows, columns = ((torch.arange(length) + 0.5) / length for length in x.shape[2:])
    down = torch.nonzero((rows >= FACE_TOP) & (rows <= FACE_TOP + FACE_SIDE))
    across = torch.nonzero((columns >= FACE_LEFT) & (columns <= FACE_LEFT + FACE_SIDE))
    return x[:, :, int(down[0]) : int(down[-1]) + 1, int(across[0]) : int(across[-1]) + 1]
