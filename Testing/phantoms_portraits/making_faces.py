"""Faces that differ in one trait only, and areas of the picture."""

from dataclasses import replace

import numpy as np

from prognosis.phantoms.portraits.drawing import draw_faces
from prognosis.phantoms.portraits.traits import sample_traits

SIDE = 128
COUNT = 6

_PLAIN = dict.fromkeys(
    (
        "wrinkles", "grey_hair", "bald", "eye_bags", "pallor", "hollow_cheeks", "drooping", "beard", "glasses", "smile",
        "hair_length", "mask", "cap", "gown", "yaw_sd", "pitch_sd", "roll_sd", "exposure_sd", "tint_sd",
    ),
    0.0,
)  # fmt: skip


def plain_faces(**traits):
    """Six faces without signs, looking straight ahead, all with the same value of the traits given."""
    faces = sample_traits(COUNT, np.random.default_rng(4))
    same = {name: np.full(COUNT, value, np.float32) for name, value in (_PLAIN | traits).items()}
    return replace(faces, **same)


def drawn(**traits):
    """As shares of full brightness, (6, side, side, 3); the same grain in each call."""
    return draw_faces(plain_faces(**traits), SIDE, seed=2) / 255.0


def area(left, top, right, bottom):
    """Slices of the picture between places from -1 to 1, y downwards."""
    return np.s_[:, _pixel(top) : _pixel(bottom), _pixel(left) : _pixel(right)]


def _pixel(place):
    return round((place + 1) / 2 * SIDE)


BACKGROUND = (area(-1, -1, -0.85, 0.6), area(0.85, -1, 1, 0.6))
CLOTHES = (area(-0.56, 0.965, -0.42, 1), area(0.42, 0.965, 0.56, 1))
CHEEKS = (area(-0.36, 0.28, -0.28, 0.42), area(0.28, 0.28, 0.36, 0.42))
FOREHEAD = area(-0.25, -0.45, 0.25, -0.32)
BELOW_EYES = (area(-0.30, 0.04, -0.20, 0.08), area(0.20, 0.04, 0.30, 0.08))
CROWN = area(-0.2, -0.8, 0.2, -0.65)
MOUTH = area(-0.3, 0.35, 0.3, 0.65)


def of(pictures, *areas):
    """Mean colour of each face over areas, (6, 3)."""
    return np.concatenate([pictures[one].reshape(COUNT, -1, 3) for one in areas], axis=1).mean(axis=1)


def saturation(colours):
    return (colours.max(axis=1) - colours.min(axis=1)) / colours.max(axis=1)
