"""Pictures of many faces at once, painted layer over layer with soft edges."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]


def each(values: Values) -> Values:
    """(n,) values as they go with (n, side, side) places."""
    return values[:, None, None]


def bump(x: Values, y: Values, width: Values | float, height: Values | float) -> Values:
    """A Gaussian hill of height 1 around x = y = 0, with these standard deviations."""
    return np.exp(-0.5 * ((x / width) ** 2 + (y / height) ** 2))


def ridge(distance: Values, width: float) -> Values:
    """A Gaussian ridge of height 1 along where the distance is 0, with this standard deviation."""
    return bump(distance, np.zeros_like(distance), width, 1.0)


def mixed(one: Values, other: Values, share: Values) -> Values:
    """(n, 3) colours between two, by shares (n,)."""
    return one + (other - one) * share[:, None]


@dataclass
class Canvas:
    """Pictures and the places of their pixels.

    Args:
        colours: (n, side, side, 3) in about [0, 1].
        x, y: (n, side, side) places in the head's own frame: from -1 to 1 over the picture, y downwards.
        pixel: Side of a pixel in that unit.
    """

    colours: Values
    x: Values
    y: Values
    pixel: float

    def edge(self, depth: Values, softness: float = 1.0) -> Values:
        """How much of each pixel lies inside, where depth is the distance inside the border (outside negative)."""
        return np.clip(0.5 + depth / (self.pixel * softness), 0, 1)

    def ellipse(self, x: Values, y: float, width: float, height: float, softness: float = 1.5) -> Values:
        """Inside of ellipses around (x, y), x going with (n, side, side), with these half axes."""
        radius = np.sqrt(((self.x - x) / width) ** 2 + ((self.y - y) / height) ** 2)
        return self.edge((1 - radius) * min(width, height), softness)

    def paint(self, cover: Values, colour: Values) -> None:
        """Paint a colour, (n, 3) or a shaded (n, side, side, 3), over what is there.

        Args:
            cover: How much, (n, side, side) in [0, 1].
        """
        colour = colour if colour.ndim == 4 else colour[:, None, None]
        self.colours += (colour - self.colours) * cover[..., None]

    def shade(self, factor: Values) -> None:
        """Multiply brightness by (n, side, side)."""
        self.colours *= factor[..., None]
