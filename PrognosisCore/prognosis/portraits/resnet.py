"""Residual networks of 18, 34 and 50 layers: their stages compare images, their pooled result describes one.

He et al., "Deep residual learning for image recognition", CVPR 2016, table 1; that of 50 layers halves the image in
the 3x3 convolution, as torchvision's does. The weights' names are torchvision's, 'conv1.weight' to 'fc.bias'.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import ArchitectureKind
from prognosis.bundles.weights import load_weights
from prognosis.errors import ModelError
from prognosis.portraits.vgg16 import CHANNEL_MEAN, CHANNEL_SD

WEIGHTS_FILE = "network.safetensors"
SMALLEST_SIDE = 32

CLASSES = 1000
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
"""Layers -> blocks of each of the four stages."""
NARROWING = (50,)
"""Networks whose blocks narrow their input for the 3x3 convolution."""

_STEM = 64
_WIDTHS = (64, 128, 256, 512)
_WIDENING = 4


class _Plain(nn.Module):
    """Two 3x3 convolutions, added to what came in."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _way_past(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(n, width, h / stride, w / stride), rounded up, of (n, inputs, h, w)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class _Bottleneck(nn.Module):
    """A 3x3 convolution between two of single pixels, added to what came in."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * _WIDENING
        self.conv1 = _convolution(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _convolution(width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _way_past(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 4 width, h / stride, w / stride), rounded up, of (n, inputs, h, w)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet(nn.Module):
    """The network; its random weights are meant to be replaced.

    Args:
        depth: 18, 34 or 50.
        tells_classes: Whether it has the last layer, which tells ImageNet's 1000 classes apart.

    Attributes:
        width: Numbers of the pooled result: 512, or 2048 of 50 layers.

    Example:
        >>> network = ResNet(18)
        >>> [tuple(stage.shape[1:]) for stage in network(torch.rand(1, 3, 64, 64))]
        [(64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)]
    """

    mean: Tensor
    sd: Tensor

    def __init__(self, depth: int, *, tells_classes: bool = False) -> None:
        if depth not in BLOCKS:
            raise ValueError(f"depth must be one of {', '.join(map(str, BLOCKS))}, got {depth}")
        super().__init__()
        self.conv1 = _convolution(3, _STEM, 7, 2)
        self.bn1 = nn.BatchNorm2d(_STEM)
        inputs, widening = _STEM, _WIDENING if depth in NARROWING else 1
        stages: list[nn.Sequential] = []
        for width, count in zip(_WIDTHS, BLOCKS[depth], strict=True):
            block = _Bottleneck if depth in NARROWING else _Plain
            first = block(inputs, width, 2 if stages else 1)
            inputs = width * widening
            stages.append(nn.Sequential(first, *(block(inputs, width, 1) for _ in range(count - 1))))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(inputs, CLASSES) if tells_classes else None
        self.width = inputs
        # Not among the stored weights: the files of others do not hold them.
        self.register_buffer("mean", torch.tensor(CHANNEL_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("sd", torch.tensor(CHANNEL_SD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """The results of the four stages.

        Args:
            images: (n, 3, h, w), red, green and blue in [0, 1], both sides at least 32 pixels; mean and spread of
                ImageNet are taken out here.

        Returns:
            (n, c, h/4, w/4) to (n, width, h/32, w/32), sizes rounded up.

        Raises:
            ValueError: The images are of another shape.
        """
        if images.dim() != 4 or images.shape[1] != 3 or min(images.shape[2:]) < SMALLEST_SIDE:
            raise ValueError(
                f"images must be (n, 3, h, w) of {SMALLEST_SIDE} pixels or more, got {tuple(images.shape)}"
            )
        x = functional.relu(self.bn1(self.conv1((images - self.mean) / self.sd)))
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        stages = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            stages.append(x)
        return stages

    def pooled(self, images: Tensor) -> Tensor:
        """(n, width): the last stage, a mean over its places; images and errors as of `forward`."""
        stages: list[Tensor] = self(images)
        return stages[-1].mean(dim=(2, 3))

    def logits(self, images: Tensor) -> Tensor:
        """(n, 1000) scores of classes; images as of `forward`.

        Raises:
            ValueError: The network has no last layer, or the images are of another shape.
        """
        if self.fc is None:
            raise ValueError("this network was built without a layer that tells classes")
        logits: Tensor = self.fc(self.pooled(images))
        return logits


def load_resnet(bundle: Bundle) -> ResNet:
    """Build the network a verified bundle holds.

    Raises:
        ModelError: The bundle holds something else, or describes no network that can be built.
    """
    architecture, where = bundle.manifest.architecture, str(bundle.folder)
    if architecture.kind is not ArchitectureKind.FEATURES_RESNET:
        raise ModelError(
            f"{where} is a model of kind '{architecture.kind}', no ResNet.",
            remedy="Import torchvision's ResNet weights by `prognosis models import`.",
        )
    try:
        network = ResNet(**architecture.parameters)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{where}: model.json describes no ResNet that can be built: {error}.", remedy="Import it anew."
        ) from error
    load_weights(network, bundle.tensors(WEIGHTS_FILE), what=where)
    return network.eval()


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)


def _way_past(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Nothing where the shape stays."""
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
