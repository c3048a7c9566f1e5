"""Cutting a face out upright and centred, as the photos of FFHQ were cut.

The recipe is the one by which that dataset was made (Karras et al. 2019, "A style-based generator architecture for
generative adversarial networks", appendix A, and the description of the dataset), so that a generator trained on it
sees faces where it expects them.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from prognosis.errors import InputError
from prognosis.portraits.faces.landmarks import FaceFrame
from prognosis.portraits.faces.options import LEAST_SIZE, MOST_SIZE

_EYES, _MOUTH = 2.0, 1.8
_TOWARDS_MOUTH = 0.1
_BORDER, _LEAST_BORDER = 0.1, 3
_SLACK = 4
_PADDING, _BLUR = 0.3, 0.02
_FINER = 4
_FARTHEST = 20.0


def face_quad(frame: FaceFrame) -> NDArray[np.float64]:
    """The square to be cut out of a photo.

    Its half side is x, as long as max(2 |e|, 1.8 |m|) and in the direction of e - R m, where e leads from eye to eye, m
    from the eyes' middle to the mouth, and R turns m by 90 degrees; its centre is the eyes' middle + 0.1 m.

    Args:
        frame: Eyes and mouth.

    Returns:
        Corners (x, y): upper left, lower left, lower right, upper right of the upright face; pixels of the photo, pixel
        centres being whole numbers; shape (4, 2).

    Raises:
        InputError: The points fall together.
    """
    to_eye = frame.right_eye - frame.left_eye
    eyes = (frame.left_eye + frame.right_eye) / 2
    to_mouth = frame.mouth - eyes
    direction = to_eye + np.array([to_mouth[1], -to_mouth[0]])
    length = float(np.hypot(*direction))
    if not length:
        raise InputError("The landmarks of the face fall together.", remedy="Use another photo.")
    x = direction / length * max(_EYES * float(np.hypot(*to_eye)), _MOUTH * float(np.hypot(*to_mouth)))
    y = np.array([-x[1], x[0]])
    centre = eyes + _TOWARDS_MOUTH * to_mouth
    return np.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y])


def cut_out(pixels: NDArray[np.uint8], quad: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Cut a square out of a photo, upright.

    A photo much larger than needed is shrunk first; beyond its edges it goes on as its mirror image, growing blurred
    and even; the square is drawn four times finer than asked and brought to its size smoothly.

    Args:
        pixels: RGB, shape (height, width, 3).
        quad: See `face_quad`.
        size: Side of the result, 64 to 1024 pixels.

    Returns:
        RGB, shape (size, size, 3).

    Raises:
        ValueError: The size is not allowed.
        InputError: The square is absurdly larger than the photo.
    """
    if not LEAST_SIZE <= size <= MOST_SIZE:
        raise ValueError(f"size is {LEAST_SIZE} to {MOST_SIZE} pixels, not {size}")
    side = float(np.hypot(*(quad[3] - quad[0])))
    if side > _FARTHEST * max(pixels.shape[:2]):
        raise InputError("The face reaches far beyond the photo.", remedy="Use another photo.")
    picture, quad = _shrunk(Image.fromarray(pixels), quad, side, size)
    side = float(np.hypot(*(quad[3] - quad[0])))
    border = max(round(side * _BORDER), _LEAST_BORDER)
    picture, quad = _cropped(picture, quad, border)
    padded, quad = _padded(picture, quad, side, border)
    fine = padded.transform(
        (size * _FINER, size * _FINER),
        Image.Transform.QUAD,
        tuple((quad + 0.5).ravel()),
        resample=Image.Resampling.BILINEAR,
    )
    return np.array(fine.resize((size, size), Image.Resampling.LANCZOS))


def _shrunk(
    picture: Image.Image, quad: NDArray[np.float64], side: float, size: int
) -> tuple[Image.Image, NDArray[np.float64]]:
    factor = math.floor(side / size / 2)
    if factor <= 1:
        return picture, quad
    width, height = (max(1, round(length / factor)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS), quad / factor


def _cropped(picture: Image.Image, quad: NDArray[np.float64], border: int) -> tuple[Image.Image, NDArray[np.float64]]:
    """Leave only what is needed; a face wholly outside keeps a strip at the edge, which is mirrored."""
    low = np.floor(quad.min(axis=0)).astype(int) - border
    high = np.ceil(quad.max(axis=0)).astype(int) + border
    sides = np.array(picture.size)
    low, high = np.clip(low, 0, sides - 1), np.clip(high, 1, sides)
    return picture.crop((*map(int, low), *map(int, high))), quad - low


def _padded(
    picture: Image.Image, quad: NDArray[np.float64], side: float, border: int
) -> tuple[Image.Image, NDArray[np.float64]]:
    """Continue a picture beyond its edges where the square with its border needs it."""
    before = -np.floor(quad.min(axis=0)).astype(int) + border
    after = np.ceil(quad.max(axis=0)).astype(int) - np.array(picture.size) + border
    needed = np.maximum([*before, *after], 0)
    if needed.max() <= border - _SLACK:
        return picture, quad
    left, top, right, bottom = (int(width) for width in np.maximum(needed, round(side * _PADDING)))
    values = np.pad(np.asarray(picture, dtype=np.float32), ((top, bottom), (left, right), (0, 0)), mode="reflect")
    outside = _outside(values.shape[:2], (left, top, right, bottom))[..., None]
    smooth = gaussian_filter(values, (side * _BLUR, side * _BLUR, 0))
    values += (smooth - values) * np.clip(3 * outside + 1, 0, 1)
    values += (np.median(values, axis=(0, 1)) - values) * np.clip(outside, 0, 1)
    padded = Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    return padded, quad + np.array([left, top])


def _outside(shape: tuple[int, ...], pads: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """1 at the outer rim, 0 where the picture begins, falling below within it."""
    height, width = shape
    left, top, right, bottom = pads
    y, x = np.ogrid[:height, :width]
    across = 1 - np.minimum(x / left, (width - 1 - x) / right)
    down = 1 - np.minimum(y / top, (height - 1 - y) / bottom)
    return np.maximum(across, down).astype(np.float32)
