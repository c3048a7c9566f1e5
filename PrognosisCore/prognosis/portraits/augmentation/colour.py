"""Changes of colour, which are the same at every pixel: together one matrix an image."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from prognosis.portraits.augmentation.drawing import Drawing
from prognosis.portraits.augmentation.matrices import rotation_about, scaling, scaling_across, translation

BRIGHTNESS_DEVIATION = 0.2
CONTRAST_OCTAVES = 0.5
SATURATION_OCTAVES = 1.0


@dataclass(frozen=True)
class Colours:
    """Changes of n images, in this order; grey is the axis on which red, green and blue are equal.

    Args:
        brightness: (n,) added to all colours.
        contrast: (n,) factors of all colours.
        inverted: (n,) 1 where light and dark are exchanged and hues stay, else 0.
        hue: (n,) angles in radians about the axis of grey.
        saturation: (n,) factors of the distance from grey.
    """

    brightness: Tensor
    contrast: Tensor
    inverted: Tensor
    hue: Tensor
    saturation: Tensor

    def matrices(self) -> Tensor:
        """(n, 4, 4) from (red, green, blue, 1) to new colours."""
        grey = self.hue.new_full((3,), 1 / math.sqrt(3))
        ones = torch.ones_like(self.hue)
        return (
            scaling_across(grey, ones, self.saturation)
            @ rotation_about(grey, self.hue)
            @ scaling_across(grey, 1 - 2 * self.inverted, ones)
            @ scaling(*[self.contrast] * 3)
            @ translation(*[self.brightness] * 3)
        )


def draw_colours(drawing: Drawing) -> Colours:
    """Draw changes of colour; where inverting is chosen, it is done half of the time."""
    return Colours(
        brightness=drawing.chosen() * drawing.normal(BRIGHTNESS_DEVIATION),
        contrast=torch.where(drawing.chosen(), drawing.factors(CONTRAST_OCTAVES), 1.0),
        inverted=drawing.chosen() * drawing.whole(2),
        hue=drawing.chosen() * drawing.uniform(-math.pi, math.pi),
        saturation=torch.where(drawing.chosen(), drawing.factors(SATURATION_OCTAVES), 1.0),
    )


def recoloured(images: Tensor, matrices: Tensor) -> Tensor:
    """Change the colours of images (n, 3, h, w) by matrices (n, 4, 4)."""
    changed = torch.baddbmm(matrices[:, :3, 3:], matrices[:, :3, :3], images.flatten(2))
    return changed.unflatten(2, images.shape[2:])
