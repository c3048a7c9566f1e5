"""How well a face can be seen: measured and flagged before anything is made of it.

What is covered is measured by colour; see `occlusion`. The search itself refuses more: tried on one portrait, bars over
the eyes, the mouth or either half of the face end it with 'no face'. A hand at the chin may pass unseen.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, laplace

from prognosis.portraits.faces.aligning import cut_out
from prognosis.portraits.faces.landmarks import FaceFrame
from prognosis.portraits.faces.occlusion import Cover, measure_cover

LEAST_SHARPNESS = 1.0
"""Of the portrait `Quality.sharpness` was tried on (eyes 43 pixels apart): 3.8 as it is, 2.2, 1.4, 0.84 and 0.37
blurred by Gaussians of 1, 1.5, 2 and 3 pixels. So what is flagged is about as soft as a blur of 0.045 eye distances.
Noise of SD 10 grey levels adds 3 to 45 % (0.98 at a blur of 2, 0.54 at 3); noise of SD 20 hides such a blur (1.35,
1.01). Half or a quarter of the contrast changes it by less than 1 %."""

MOST_YAW_DEG = 25.0
MOST_MAGNIFICATION = 3.0
DARKEST, BRIGHTEST = 50.0, 205.0
LEAST_CONTRAST = 15.0
MOST_CLIPPED = 0.1
MOST_OUTSIDE = 0.05
MOST_MADE_UP = 0.2
LEAST_COLOUR = 1.5
MOST_COVERED_LOWER, MOST_COVERED_EYES = 0.3, 0.5

NOSE_DEPTH = 0.38
"""How far the base of the nose stands before the eyes' plane, in eye distances: 24 of 63 mm. An assumption, so that yaw
is an estimate."""

_SIDE = 256
_SMOOTH = 2.0
_PER_MILLE = 1000.0
_CENTRE, _RADII = (0.5, 0.58), (0.27, 0.34)
_LUMA = (0.299, 0.587, 0.114)
_DARK, _WHITE = 5, 250


class Flag(StrEnum):
    """What may spoil a face, in words."""

    SIDEWAYS = "head turned sideways"
    BLURRED = "blurred"
    SMALL = "face small in the photo"
    DARK = "dark"
    BRIGHT = "bright"
    FLAT = "little contrast"
    CLIPPED = "parts black or white"
    CUT = "cut by the photo's edge"
    MADE_UP = "much around the face lies outside the photo"
    GREY = "black and white photo"
    TILTED = "found only after turning the photo"
    LOWER_COVERED = "lower face may be covered, as by a mask or scarf"
    EYES_COVERED = "eyes may be covered, as by dark glasses"
    COVER_UNKNOWN = "what is covered cannot be measured"


@dataclass(frozen=True)
class Quality:
    """Measures of a face; those of brightness and sharpness are of an ellipse from the brows to the chin.

    Args:
        eye_distance_px: Between the eyes' centres, pixels of the photo.
        magnification: Side of the aligned face over that of the square cut out of the photo.
        roll_deg: Of the line through the eyes, clockwise; alignment undoes it.
        yaw_deg: Estimate from how far the nose is off the eyes' middle; positive to the right of the picture.
        sharpness: 1000 times the variance of the Laplacian over the variance of the luma, both of the face brought to
            256 pixels and smoothed by a Gaussian of 2, so that neither size nor contrast counts and noise hardly.
        brightness: Mean luma, 0 to 255.
        contrast: SD of the luma.
        clipped: Share of pixels that are black or white.
        outside: Share of the ellipse that lies outside the photo.
        made_up: Share of the whole square that does, where the aligned face shows mirrored and blurred surroundings.
        colour: Mean difference between the largest and smallest of red, green and blue.
        turned_deg: How far the photo was turned for the face to be found.
        covered_lower: Share of the face below the tip of the nose that may be covered; None where colours do not tell.
        covered_eyes: The same around the eyes.
    """

    eye_distance_px: float
    magnification: float
    roll_deg: float
    yaw_deg: float
    sharpness: float
    brightness: float
    contrast: float
    clipped: float
    outside: float
    made_up: float
    colour: float
    turned_deg: int
    covered_lower: float | None
    covered_eyes: float | None

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What should be looked at before the face is used."""
        raised = {
            Flag.SIDEWAYS: abs(self.yaw_deg) > MOST_YAW_DEG,
            Flag.BLURRED: self.sharpness < LEAST_SHARPNESS,
            Flag.SMALL: self.magnification > MOST_MAGNIFICATION,
            Flag.DARK: self.brightness < DARKEST,
            Flag.BRIGHT: self.brightness > BRIGHTEST,
            Flag.FLAT: self.contrast < LEAST_CONTRAST,
            Flag.CLIPPED: self.clipped > MOST_CLIPPED,
            Flag.CUT: self.outside > MOST_OUTSIDE,
            Flag.MADE_UP: self.made_up > MOST_MADE_UP,
            Flag.GREY: self.colour < LEAST_COLOUR,
            Flag.TILTED: self.turned_deg != 0,
        }
        cover = Cover(self.covered_lower, self.covered_eyes)
        return (*(flag for flag, holds in raised.items() if holds), *cover_flags(cover))


def cover_flags(cover: Cover) -> tuple[Flag, ...]:
    """What should be looked at of how much is covered."""
    if cover.lower is None or cover.eyes is None:
        return (Flag.COVER_UNKNOWN,)
    raised = {
        Flag.LOWER_COVERED: cover.lower > MOST_COVERED_LOWER,
        Flag.EYES_COVERED: cover.eyes > MOST_COVERED_EYES,
    }
    return tuple(flag for flag, holds in raised.items() if holds)


def measure_quality(
    pixels: NDArray[np.uint8], frame: FaceFrame, quad: NDArray[np.float64], *, size: int, turned_deg: int = 0
) -> Quality:
    """Measure how well a face can be seen.

    Args:
        pixels: The photo, RGB.
        frame: Eyes and nose in it.
        quad: The square that is cut out; see `face_quad`.
        size: Side of the aligned face, pixels.
        turned_deg: How far the photo was turned for the face to be found.
    """
    face = _ellipse()
    square = cut_out(pixels, quad, _SIDE)
    cover = measure_cover(square)
    seen = square.astype(np.float32)
    luma = seen @ np.array(_LUMA, np.float32)
    inside = luma[face]
    to_eye = frame.right_eye - frame.left_eye
    return Quality(
        eye_distance_px=frame.eye_distance,
        magnification=size / float(np.hypot(*(quad[3] - quad[0]))),
        roll_deg=math.degrees(math.atan2(to_eye[1], to_eye[0])),
        yaw_deg=_yaw_deg(frame),
        sharpness=_sharpness(luma, face),
        brightness=float(inside.mean()),
        contrast=float(inside.std()),
        clipped=float(((inside <= _DARK) | (inside >= _WHITE)).mean()),
        outside=_share_outside(pixels.shape[:2], quad, face),
        made_up=_share_outside(pixels.shape[:2], quad, np.ones_like(face)),
        colour=float(np.ptp(seen[face], axis=-1).mean()),
        turned_deg=turned_deg,
        covered_lower=cover.lower,
        covered_eyes=cover.eyes,
    )


def _ellipse() -> NDArray[np.bool_]:
    y, x = (np.mgrid[:_SIDE, :_SIDE] + 0.5) / _SIDE
    return ((x - _CENTRE[0]) / _RADII[0]) ** 2 + ((y - _CENTRE[1]) / _RADII[1]) ** 2 <= 1


def _yaw_deg(frame: FaceFrame) -> float:
    to_eye = frame.right_eye - frame.left_eye
    off = (frame.nose - (frame.left_eye + frame.right_eye) / 2) @ to_eye / (to_eye @ to_eye)
    return math.degrees(math.atan(off / NOSE_DEPTH))


def _sharpness(luma: NDArray[np.float32], face: NDArray[np.bool_]) -> float:
    smooth = gaussian_filter(luma, _SMOOTH)
    variance = float(smooth[face].var())
    return _PER_MILLE * float(laplace(smooth)[face].var()) / variance if variance else 0.0


def _share_outside(shape: tuple[int, ...], quad: NDArray[np.float64], face: NDArray[np.bool_]) -> float:
    rows, columns = np.nonzero(face)
    down, across = ((index + 0.5) / _SIDE for index in (rows, columns))
    x, y = (quad[0] + across[:, None] * (quad[3] - quad[0]) + down[:, None] * (quad[1] - quad[0])).T
    height, width = shape
    return float(((x < -0.5) | (y < -0.5) | (x > width - 0.5) | (y > height - 0.5)).mean())
