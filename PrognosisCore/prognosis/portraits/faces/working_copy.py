"""A photo in another size and turned, and the way back from its pixels to the photo's."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prognosis.portraits.faces.photo import Photo
from prognosis.portraits.faces.photo_colours import BACKGROUND

_BRIGHT_ENOUGH = 160
_BRIGHTENED_TO = 220


@dataclass(frozen=True)
class WorkingCopy:
    """What faces are looked for on.

    Args:
        picture: RGB.
        turn: Matrix from the copy's (x, y) to the photo's, shape (2, 2).
        shift: Added after it, shape (2,). Both are for edges: the picture begins at 0, its first pixel's centre is 0.5.
        turned_deg: By how much the photo was turned, clockwise.
    """

    picture: Image.Image
    turn: NDArray[np.float64]
    shift: NDArray[np.float64]
    turned_deg: int

    @property
    def pixels(self) -> NDArray[np.uint8]:
        return np.asarray(self.picture)

    @property
    def photo_pixels_per_pixel(self) -> float:
        """How many pixels of the photo one of the copy is wide."""
        return math.sqrt(abs(float(np.linalg.det(self.turn))))

    def to_photo(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (x, y) of the copy in the photo's pixels; in both, pixel centres are whole numbers. Shape (n, 2)."""
        return (points + 0.5) @ self.turn.T + self.shift - 0.5


def working_copy(photo: Photo, longest_side: int, *, turned_deg: int = 0) -> WorkingCopy:
    """Bring a photo to a size, smoothly, brighten it where even its bright parts are dark, and turn it.

    Args:
        photo: The photo.
        longest_side: Of the copy before it is turned, pixels.
        turned_deg: Clockwise; corners that come in are grey.
    """
    picture = Image.fromarray(photo.pixels)
    scale = longest_side / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    picture = _brightened(picture)
    to_photo = np.diag([photo.width / width, photo.height / height])
    if not turned_deg:
        return WorkingCopy(picture, to_photo, np.zeros(2), 0)
    angle = math.radians(turned_deg)
    cosine, sine = math.cos(angle), math.sin(angle)
    back = np.array([[cosine, sine], [-sine, cosine]])
    new_width = round(abs(cosine) * width + abs(sine) * height)
    new_height = round(abs(sine) * width + abs(cosine) * height)
    shift = np.array([width, height]) / 2 - back @ np.array([new_width, new_height]) / 2
    turned = picture.transform(
        (new_width, new_height),
        Image.Transform.AFFINE,
        (back[0, 0], back[0, 1], shift[0], back[1, 0], back[1, 1], shift[1]),
        resample=Image.Resampling.BICUBIC,
        fillcolor=BACKGROUND,
    )
    return WorkingCopy(turned, to_photo @ back, to_photo @ shift, turned_deg)


def _brightened(picture: Image.Image) -> Image.Image:
    """Landmark models compare differences of grey levels with fixed thresholds, and find nothing in a dark photo."""
    bright = float(np.percentile(np.asarray(picture.convert("L")), 99))
    if bright >= _BRIGHT_ENOUGH:
        return picture
    gain = _BRIGHTENED_TO / max(bright, 1.0)
    return picture.point(lambda value: min(255, round(value * gain)))
