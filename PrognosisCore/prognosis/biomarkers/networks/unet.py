"""The U-Nets of method 2: they segment tumours, and their bottleneck is what survival is read from."""

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn

from prognosis.biomarkers.feature_names import CHANNELS
from prognosis.biomarkers.images.region import REGION_SIZE

INPUT_SHAPE = (1, *REGION_SIZE[::-1])
"""(1, 48, 96, 96): channel, k, j, i of what a U-Net reads."""

_LEVELS = 5


class UNetKind(StrEnum):
    """An architecture; both have the same bottleneck of 512 x 3 x 6 x 6."""

    PAPER = "paper"
    """Two convolutions a level and max pooling (Baek et al.)."""
    COMPACT = "compact"
    """One strided convolution a level: some thirty times quicker on a processor."""


class Norm(StrEnum):
    """What normalises between convolutions."""

    BATCH = "batch"
    """By what training images had: a trained network's features know the scale of an image, such as how high SUV is."""
    INSTANCE = "instance"
    """By the image itself: twice the SUV in every voxel gives nearly the same features."""


_DEFAULT_CHANNELS = {UNetKind.PAPER: (32, 64, 128, 256, CHANNELS), UNetKind.COMPACT: (16, 32, 64, 128, CHANNELS)}


@dataclass(frozen=True)
class UNetOptions:
    """Architecture and width of a U-Net.

    Args:
        kind: The architecture.
        channels: Of the encoder's five levels, the bottleneck's 512 last; empty for the architecture's own.
        norm: What normalises; the paper does not say. Either way a trained network's answer for a patient depends on no
            other patient.
    """

    kind: UNetKind = UNetKind.PAPER
    channels: tuple[int, ...] = ()
    norm: Norm = Norm.BATCH

    def __post_init__(self) -> None:
        if not self.channels:
            object.__setattr__(self, "channels", _DEFAULT_CHANNELS[self.kind])
        known = all(isinstance(count, int) and 1 <= count <= CHANNELS for count in self.channels)
        if not known or len(self.channels) != _LEVELS or self.channels[-1] != CHANNELS:
            msg = f"channels are {_LEVELS} whole numbers from 1 to {CHANNELS}, the last {CHANNELS}, got {self.channels}"
            raise ValueError(msg)


class SegmentingUNet(nn.Module):
    """A U-Net of MONAI's blocks with ReLU; one logit a voxel says how much it is tumour.

    Args:
        options: Architecture and width.
    """

    def __init__(self, options: UNetOptions) -> None:
        super().__init__()
        self.options = options
        build = _paper_levels if options.kind is UNetKind.PAPER else _compact_levels
        down, up, head = build(options)
        self.down = nn.ModuleList(down)
        self.up = nn.ModuleList(up)
        self.head = head

    @property
    def encoder(self) -> nn.Sequential:
        """Its encoder as a network of its own that shares the weights: (n, 1, 48, 96, 96) -> (n, 512, 3, 6, 6)."""
        return nn.Sequential(*self.down)

    def encode(self, x: Tensor) -> Tensor:
        """The bottleneck after its ReLU, never negative.

        Args:
            x: (n, 1, 48, 96, 96) normalised regions [n, 1, k, j, i].

        Returns:
            (n, 512, 3, 6, 6).

        Raises:
            ValueError: x has another shape.
        """
        return self._levels(x)[-1]

    def decode(self, levels: list[Tensor]) -> Tensor:
        """(n, 1, 48, 96, 96) logits from the outputs of all five levels of the encoder, the bottleneck last."""
        paper = self.options.kind is UNetKind.PAPER
        x = levels[-1]
        for up, beside in zip(self.up, reversed(levels[:-1]), strict=True):
            x = up(x, beside) if paper else up(torch.cat([beside, x], dim=1))
        return self.head(x)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of tumour.

        Args:
            x: (n, 1, 48, 96, 96) normalised regions [n, 1, k, j, i].

        Returns:
            (n, 1, 48, 96, 96).

        Raises:
            ValueError: x has another shape.
        """
        return self.decode(self._levels(x))

    def _levels(self, x: Tensor) -> list[Tensor]:
        if tuple(x.shape[1:]) != INPUT_SHAPE:
            msg = f"a U-Net reads (n, {', '.join(map(str, INPUT_SHAPE))}), got {tuple(x.shape)}"
            raise ValueError(msg)
        levels = []
        for down in self.down:
            x = down(x)
            levels.append(x)
        return levels


_Levels = tuple[list[nn.Module], list[nn.Module], nn.Module]


def _paper_levels(options: UNetOptions) -> _Levels:
    from monai.networks.nets.basic_unet import BasicUNet

    channels, relu = options.channels, ("relu", {"inplace": False})
    norm = (options.norm.value, {"affine": True})
    whole = BasicUNet(features=(*channels, channels[0]), out_channels=1, act=relu, norm=norm)
    down = [whole.conv_0, whole.down_1, whole.down_2, whole.down_3, whole.down_4]
    return down, [whole.upcat_4, whole.upcat_3, whole.upcat_2, whole.upcat_1], whole.final_conv


def _compact_levels(options: UNetOptions) -> _Levels:
    from monai.networks.nets.unet import UNet

    strides = (2,) * (_LEVELS - 1)
    norm = (options.norm.value, {"affine": True})
    block = UNet(3, 1, 1, options.channels, strides, act=("relu", {"inplace": False}), norm=norm).model
    down: list[nn.Module] = []
    up: list[nn.Module] = []
    for _ in strides:
        down.append(block[0])
        up.insert(0, block[2])
        block = block[1].submodule
    return [*down, block], up, nn.Identity()
