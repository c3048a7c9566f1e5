"""How near a generator's faces come to photos it never saw."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.portraits.comparing.distribution import FEWEST_IMAGES, SetDistance, image_features, set_distance
from prognosis.portraits.comparing.features import FeatureNetwork
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.progress import Progress, silent

_AT_ONCE = 32
_GENERATED = 1024
_SEED = 20_000


class Judge:
    """Measures distances of generated faces to the same photos, by the same latents, with the same network.

    Args:
        network: Compares images.
        photos: All photos.
        chosen: Indices of those that are compared with.
    """

    def __init__(self, network: FeatureNetwork, photos: PhotoSet, chosen: NDArray[np.int64]) -> None:
        self.network = network
        parts = (photos.images(chosen[start : start + _AT_ONCE]) for start in range(0, len(chosen), _AT_ONCE))
        self._reference = image_features(parts, network)

    def distance(self, generator: Generator, progress: Progress = silent) -> SetDistance:
        """Of 1,024 faces; the generator must be on the CPU."""
        return set_distance(self._reference, image_features(_generated(generator, progress), self.network))


def can_be_judged(chosen: NDArray[np.int64]) -> bool:
    """Whether there are enough photos to compare with."""
    return len(chosen) >= FEWEST_IMAGES


@torch.no_grad()
def _generated(generator: Generator, progress: Progress) -> Iterator[Tensor]:
    draw = torch.Generator().manual_seed(_SEED)
    for done in range(_AT_ONCE, _GENERATED + 1, _AT_ONCE):
        yield generator(torch.randn(_AT_ONCE, generator.options.z_dim, generator=draw))
        progress("comparing faces with photos", done, _GENERATED)
