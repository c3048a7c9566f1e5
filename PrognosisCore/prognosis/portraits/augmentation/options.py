"""Which changes an augmentation makes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AugmentationOptions:
    """Groups of changes, on or off; on by default are those that helped in the paper (figure 4a).

    Args:
        copying: Mirror, turn by 90 degrees, shift by whole pixels.
        warping: Scale, rotate, stretch, shift by parts of a pixel.
        colour: Brightness, contrast, inverted brightness, hue, saturation.
        bands: Amplify or damp coarse and fine detail.
        corruption: Noise, and a grey square in place of a part of the image.
    """

    copying: bool = True
    warping: bool = True
    colour: bool = True
    bands: bool = False
    corruption: bool = False
