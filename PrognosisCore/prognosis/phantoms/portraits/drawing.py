"""Drawing faces of no one from their traits."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from prognosis.phantoms.portraits.canvas import Canvas, each
from prognosis.phantoms.portraits.covers import (
    hair_colours,
    paint_cap,
    paint_glasses,
    paint_hair,
    paint_hair_behind,
    paint_mask,
)
from prognosis.phantoms.portraits.features import paint_beard, paint_brows, paint_eyes, paint_mouth, paint_nose
from prognosis.phantoms.portraits.head import head_shape, paint_behind, paint_body, paint_skin
from prognosis.phantoms.portraits.traits import FaceTraits

_FINER = 2
_AT_ONCE_PIXELS = 500_000
_GRAIN = 0.004


def draw_faces(traits: FaceTraits, side: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw faces as aligned photos show them: eyes level and an eighth of the side from the middle line.

    Args:
        traits: Of n faces.
        side: Pixels a side.
        seed: Of the grain of the photos; the rest follows from the traits alone.

    Returns:
        RGB, shape (n, side, side, 3).
    """
    parts = list(faces_in_parts(traits, side, seed))
    return np.concatenate(parts) if parts else np.zeros((0, side, side, 3), np.uint8)


def faces_in_parts(traits: FaceTraits, side: int, seed: int = 0) -> Iterator[NDArray[np.uint8]]:
    """The same, a few faces (k, side, side, 3) at a time."""
    at_once = max(1, _AT_ONCE_PIXELS // (side * _FINER) ** 2)
    random = np.random.default_rng([seed, side])
    for start in range(0, len(traits), at_once):
        yield _drawn(traits[start : start + at_once], side, random)


def _drawn(traits: FaceTraits, side: int, random: np.random.Generator) -> NDArray[np.uint8]:
    canvas = _canvas(traits, side * _FINER)
    head, hair = head_shape(canvas, traits), hair_colours(traits)
    paint_behind(canvas, traits)
    paint_hair_behind(canvas, traits, head, hair)
    paint_body(canvas, traits, head)
    paint_skin(canvas, traits, head)
    paint_mouth(canvas, traits, head)
    paint_beard(canvas, traits, head, hair)
    paint_nose(canvas, traits, head)
    paint_eyes(canvas, traits, head)
    paint_brows(canvas, traits, head, hair)
    paint_hair(canvas, traits, head, hair)
    paint_mask(canvas, traits, head)
    paint_glasses(canvas, traits, head)
    paint_cap(canvas, traits, head)
    return _photographed(canvas, traits, side, random)


def _canvas(traits: FaceTraits, side: int) -> Canvas:
    places = ((np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1).astype(np.float32)
    x, y = np.broadcast_arrays(places[None, None, :], places[None, :, None])
    angle = each(0.035 * traits.roll_sd)
    turned = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    colours = np.zeros((len(traits), side, side, 3), np.float32)
    return Canvas(colours, turned[0].astype(np.float32), turned[1].astype(np.float32), 2 / side)


def _photographed(canvas: Canvas, traits: FaceTraits, side: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Exposure, tint and grain, at the final size."""
    fine = canvas.colours.reshape(len(traits), side, _FINER, side, _FINER, 3).mean(axis=(2, 4))
    tint = 1 + 0.04 * traits.tint_sd[:, None] * np.array([1, 0, -1], np.float32)
    light = (2.0 ** (0.18 * traits.exposure_sd))[:, None] * tint
    grain = random.normal(0, _GRAIN, (*fine.shape[:3], 1)).astype(np.float32)
    return np.rint(255 * np.clip(fine * light[:, None, None] + grain, 0, 1)).astype(np.uint8)
