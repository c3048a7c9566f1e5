"""VGG16's features: 13 convolutions whose intermediate results compare images as people do.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, configuration
D. The weights' names are torchvision's, 'features.0.weight' to 'features.28.bias'.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import SOURCE, ArchitectureKind
from prognosis.bundles.weights import load_weights
from prognosis.errors import ModelError

WEIGHTS_FILE = "network.safetensors"
CHANNEL_MEAN = (0.485, 0.456, 0.406)
CHANNEL_SD = (0.229, 0.224, 0.225)
SMALLEST_SIDE = 16
KNOWN_SHA256 = "397923af"
"""How the hash of torchvision's vgg16-397923af.pth begins, as its name says."""

# Output channels of the convolutions of each block; blocks are parted by halving the size.
_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class Vgg16Features(nn.Module):
    """The convolutional part of VGG16; its random weights are meant to be replaced.

    Example:
        >>> network = Vgg16Features()
        >>> [tuple(block.shape) for block in network(torch.rand(1, 3, 32, 32))]
        [(1, 64, 32, 32), (1, 128, 16, 16), (1, 256, 8, 8), (1, 512, 4, 4), (1, 512, 2, 2)]
    """

    mean: torch.Tensor
    sd: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*_layers())
        # Not among the stored weights: the files of others do not hold them.
        self.register_buffer("mean", torch.tensor(CHANNEL_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("sd", torch.tensor(CHANNEL_SD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """The last rectified result of each of the five blocks.

        Args:
            images: (n, 3, h, w), red, green and blue in [0, 1], both sides at least 16 pixels; mean and spread of
                ImageNet are taken out here.

        Returns:
            (n, 64, h, w), (n, 128, h/2, w/2), (n, 256, h/4, w/4), (n, 512, h/8, w/8), (n, 512, h/16, w/16), sizes
            rounded down.

        Raises:
            ValueError: The images are of another shape.
        """
        if images.dim() != 4 or images.shape[1] != 3 or min(images.shape[2:]) < SMALLEST_SIDE:
            raise ValueError(
                f"images must be (n, 3, h, w) of {SMALLEST_SIDE} pixels or more, got {tuple(images.shape)}"
            )
        values = (images - self.mean) / self.sd
        blocks = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                blocks.append(values)
            if len(blocks) < len(_BLOCKS):  # what comes after the last may be too small to be halved
                values = layer(values)
        return blocks


def load_vgg16(bundle: Bundle) -> Vgg16Features:
    """Build the network a verified bundle holds.

    Raises:
        ModelError: The bundle holds something else.
    """
    kind = bundle.manifest.architecture.kind
    if kind is not ArchitectureKind.FEATURES_VGG16:
        raise ModelError(
            f"{bundle.folder} is a model of kind '{kind}', not the features of VGG16.",
            remedy="Import torchvision's VGG16 weights by `prognosis models import`.",
        )
    network = Vgg16Features()
    load_weights(network, bundle.tensors(WEIGHTS_FILE), what=str(bundle.folder))
    return network.eval()


def is_known(bundle: Bundle) -> bool:
    """Whether the weights were imported from the file on which others have shown that distances follow what people see.

    Weights of another origin have the same shapes, and may compare images by anything.
    """
    source = bundle.manifest.preprocessing.get(SOURCE)
    return isinstance(source, Mapping) and str(source.get("sha256")).startswith(KNOWN_SHA256)


def _layers() -> Sequence[nn.Module]:
    layers: list[nn.Module] = []
    channels = 3
    for block in _BLOCKS:
        for wider in block:
            layers += [nn.Conv2d(channels, wider, kernel_size=3, padding=1), nn.ReLU()]
            channels = wider
        layers.append(nn.MaxPool2d(2))
    return layers
