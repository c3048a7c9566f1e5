"""torchvision's residual networks as this program's: how many layers, and which tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from prognosis.bundles.weights import load_weights
from prognosis.errors import ModelError
from prognosis.portraits.resnet import BLOCKS, CLASSES, NARROWING, ResNet

_MOST_BLOCKS = 64
_COUNTER = ".num_batches_tracked"
_LAST = "fc."
_LAST_WEIGHT, _LAST_BIAS = "fc.weight", "fc.bias"


@dataclass(frozen=True)
class ForeignResNet:
    """A network that `ResNet` can build.

    Args:
        parameters: Arguments of `ResNet`.
        weights: Its state dict, in 32 bits.
        notes: What was left out, in sentences.
    """

    parameters: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()


def from_torchvision(tensors: Mapping[str, Tensor], *, what: str = "The checkpoint") -> ForeignResNet:
    """Read the state dict of torchvision's ResNet18, 34 or 50.

    The last layer is taken where it tells ImageNet's 1000 classes apart. Files of before 2019 do not count batches:
    the counts, which say nothing in use, are then 0.

    Args:
        tensors: By name, such as `layer1.0.conv1.weight`.
        what: The file, for messages.

    Raises:
        ModelError: It is a network of another depth or width, or tensors are missing or left over.
    """
    depth = _depth(tensors, what)
    tells_classes = _LAST_BIAS in tensors and tensors[_LAST_BIAS].shape == (CLASSES,)
    kept = {name: tensor for name, tensor in tensors.items() if tells_classes or not name.startswith(_LAST)}
    weights = {name: _number(name, tensor) for name, tensor in kept.items()}
    network = ResNet(depth, tells_classes=tells_classes)
    counters = (name for name in network.state_dict() if name.endswith(_COUNTER))
    weights = {name: torch.zeros((), dtype=torch.long) for name in counters} | weights
    load_weights(network, weights, what=what)
    notes = () if tells_classes else (_left_out(tensors),)
    return ForeignResNet({"depth": depth, "tells_classes": tells_classes}, weights, notes)


def _depth(tensors: Mapping[str, Tensor], what: str) -> int:
    blocks = tuple(_blocks(tensors, f"layer{stage}") for stage in range(1, 5))
    narrows = "layer1.0.conv3.weight" in tensors
    for depth, known in BLOCKS.items():
        if known == blocks and (depth in NARROWING) == narrows:
            return depth
    known_depths = ", ".join(map(str, BLOCKS))
    kind = "of three convolutions" if narrows else "of two convolutions"
    raise ModelError(
        f"{what}: its four stages have {', '.join(map(str, blocks))} blocks {kind}, "
        f"which no ResNet of {known_depths} layers has.",
        remedy=f"Give torchvision's weights of a ResNet of {known_depths} layers.",
    )


def _blocks(tensors: Mapping[str, Tensor], stage: str) -> int:
    names = (f"{stage}.{index}.conv1.weight" for index in range(_MOST_BLOCKS))
    return next((index for index, name in enumerate(names) if name not in tensors), _MOST_BLOCKS)


def _number(name: str, tensor: Tensor) -> Tensor:
    return tensor.long() if name.endswith(_COUNTER) else tensor.float()


def _left_out(tensors: Mapping[str, Tensor]) -> str:
    if _LAST_WEIGHT not in tensors:
        return "The file holds no last layer."
    return f"The last layer was left out: it does not tell {CLASSES} classes apart."
