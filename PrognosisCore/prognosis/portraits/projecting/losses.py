"""How far the image of a latent is from a photo: by features of a network and by pixels, for each photo alone."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from prognosis.portraits.comparing.features import FeatureNetwork, perceptual_distance
from prognosis.portraits.projecting.options import Precision

_AT_ONCE = 16


class Photos:
    """Photos to be compared with, their features computed once.

    Args:
        images: (n, 3, h, w) in [-1, 1].
        network: Whose features are compared.
        precision: Of its activations.
    """

    def __init__(self, images: Tensor, network: FeatureNetwork, precision: Precision = Precision.FLOAT32) -> None:
        self.images = images
        self._network = network
        self._short = precision is Precision.BFLOAT16
        with torch.no_grad():
            parts = [self._features_of(part) for part in images.split(_AT_ONCE)]
        self.features = [torch.cat(layer) for layer in zip(*parts, strict=True)]

    def at(self, places: Tensor) -> "Wanted":
        """The photos at places (k,), as often as they stand there."""
        first, last = int(places[0]), int(places[-1]) + 1
        if torch.equal(places, torch.arange(first, last, device=places.device)):
            return Wanted(self, self.images[first:last], [layer[first:last] for layer in self.features])
        return Wanted(self, self.images[places], [layer[places] for layer in self.features])

    def _features_of(self, images: Tensor) -> list[Tensor]:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self._short):
            return self._network(images)


class Wanted:
    """What images shall look like, one by one."""

    def __init__(self, photos: Photos, images: Tensor, features: Sequence[Tensor]) -> None:
        self._photos = photos
        self._images = images
        self._features = features

    def perceptual(self, images: Tensor) -> Tensor:
        """(n,) perceptual distances of images (n, 3, h, w)."""
        return perceptual_distance(self._photos._features_of(images), self._features)

    def pixel(self, images: Tensor) -> Tensor:
        """(n,) mean squared differences of pixels."""
        return (images - self._images).square().mean(dim=(1, 2, 3))

    def loss(self, images: Tensor, pixel_weight: float) -> Tensor:
        """(n,) perceptual distances with the weighted ones of pixels."""
        loss = self.perceptual(images)
        return loss + pixel_weight * self.pixel(images) if pixel_weight else loss


def shrunk_features(network: FeatureNetwork, side: int) -> FeatureNetwork:
    """The network, seeing images wider than `side` pixels at that size (256 in Karras et al. 2020, appendix D)."""

    def layers(images: Tensor) -> Sequence[Tensor]:
        if images.shape[-1] > side:
            images = functional.interpolate(images, size=(side, side), mode="area")
        return network.layers(images)

    return FeatureNetwork(network.name, network.validated, layers)
