"""Colours of a picture as they are whatever light falls on them, so that shadows on a face change nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

USUAL_LIGHT = 76.0
"""CIELAB's L + 16 at which light-free colours are CIELAB's own a and b: a lightness of 60."""

_FROM_SRGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Linear sRGB to XYZ, IEC 61966-2-1."""

_BLACK = 1e-4
_GREY_LEVELS_LOST = 60.0


@dataclass(frozen=True)
class LightFree:
    """Colours of a picture, free of light.

    Args:
        tones: (height, width, 2): how red rather than green, and how yellow rather than blue; (0, 0) for greys.
        light: (height, width), CIELAB's L + 16.
        noise: (height, width): how far tones may be off for want of grey levels; it grows as a pixel gets darker.
    """

    tones: Values
    light: Values
    noise: Values


def light_free(pixels: NDArray[np.uint8]) -> LightFree:
    """Part a picture into light and colours free of it.

    In CIELAB L + 16, a and b are all proportional to the cube root of the light; so a and b over L + 16 do not depend
    on it. (CIELAB's straight piece near black is left out.)

    Args:
        pixels: RGB in sRGB, shape (height, width, 3).
    """
    shares = pixels / 255.0
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    roots = np.cbrt((linear + _BLACK) @ (_FROM_SRGB / _FROM_SRGB.sum(axis=1, keepdims=True)).T)
    light = 116 * roots[..., 1]
    red, yellow = 500 * (roots[..., 0] - roots[..., 1]), 200 * (roots[..., 1] - roots[..., 2])
    tones = np.stack([red, yellow], axis=-1) * (USUAL_LIGHT / light)[..., None]
    return LightFree(tones, light, _GREY_LEVELS_LOST / np.maximum(pixels.max(axis=-1), 2))
