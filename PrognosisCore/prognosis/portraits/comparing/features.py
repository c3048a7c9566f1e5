"""Networks whose intermediate features compare images better than their pixels do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from prognosis.bundles.bundle import Bundle
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.vgg16 import SMALLEST_SIDE, Vgg16Features, is_known, load_vgg16

_EPSILON = 1e-8


@dataclass(frozen=True)
class FeatureNetwork:
    """A frozen network that images are compared by.

    Args:
        name: Told beside every number it makes, such as 'VGG16' or 'discriminator of portraits-demonstration'.
        validated: Whether others have shown that its distances follow what people see.
        layers: From images (n, 3, h, w) in [-1, 1] to features (n, c, h', w'), the finest first.
    """

    name: str
    validated: bool
    layers: Callable[[Tensor], Sequence[Tensor]]

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Features of each layer, of length 1 at every place.

        Args:
            images: (n, 3, h, w) in [-1, 1].

        Returns:
            (n, c, h', w') for each layer, the finest first.
        """
        return [functional.normalize(layer.float(), dim=1, eps=_EPSILON) for layer in self.layers(images)]


def as_told(name: str, *, validated: bool) -> str:
    """A network's name as it stands beside every number it makes."""
    return name if validated else f"{name}, not a validated measure"


def perceptual_distance(ones: Sequence[Tensor], others: Sequence[Tensor]) -> Tensor:
    """How different images look to a network: squared differences of its unit features, a mean over places and layers.

    Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric", equation 1, with equal
    weights.

    Args:
        ones: Features (n, c, h, w) of each layer.
        others: Those of other images; n or 1 of them.

    Returns:
        (n,) from 0 for the same to 4 for opposite features.
    """
    layers = [(one - other).square().sum(dim=1).mean(dim=(1, 2)) for one, other in zip(ones, others, strict=True)]
    return torch.stack(layers).mean(dim=0)


def bundled_vgg16(bundle: Bundle, device: torch.device | None = None) -> FeatureNetwork:
    """Compare by the VGG16 of a bundle, named as it is; validated where its weights are those that were.

    Args:
        bundle: It holds VGG16's features.
        device: Where to compute; the CPU when None.

    Raises:
        ModelError: The bundle holds something else.
    """
    return vgg16_features(load_vgg16(bundle).to(device), bundle.manifest.name, validated=is_known(bundle))


def vgg16_features(network: Vgg16Features, name: str = "VGG16", *, validated: bool) -> FeatureNetwork:
    """Compare by VGG16, as the paper does.

    Args:
        network: Its weights in place.
        name: Of the model.
        validated: Whether the weights are those of which others have shown it; see `vgg16.is_known`.
    """
    network.eval().requires_grad_(requires_grad=False)

    def layers(images: Tensor) -> Sequence[Tensor]:
        if min(images.shape[2:]) < SMALLEST_SIDE:
            raise ValueError(f"images must be {SMALLEST_SIDE} pixels wide or more, got {tuple(images.shape)}")
        return network((images + 1) / 2)

    return FeatureNetwork(name, validated=validated, layers=layers)


def discriminator_features(network: Discriminator, name: str) -> FeatureNetwork:
    """Compare by what a generator's opponent looks at, where no other network is at hand.

    Args:
        network: The discriminator.
        name: Of the model it belongs to.
    """
    network.eval().requires_grad_(requires_grad=False)

    def layers(images: Tensor) -> Sequence[Tensor]:
        return list(network.features(images))

    return FeatureNetwork(f"discriminator of {name}", validated=False, layers=layers)
