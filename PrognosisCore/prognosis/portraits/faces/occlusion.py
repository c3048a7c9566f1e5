"""How much of a face is covered, by colour: what does not look like the person's own skin around eyes and nose.

Colours are compared free of light, since a shadow makes skin darker but hardly another colour. The person's skin is
what patches below the eyes, on the nose and above the brows agree on; where they do not, or have hardly a colour as in
a black and white photo, nothing is measured. Lips, teeth and beards are no cover: what hair may be, grey and black
among it, counts only where the mouth is hidden too. Darkness counts only where it is on both sides, so that a shadow
over half of the face does not. Where white and pupil of an eye stand out, only what is dark covers eyes: clear glasses
reflect.

What stays unseen: a hand, and cloth of about the colour of the skin, such as beige; a photo toned in several colours
may pass for one in colour. A moustache that hides the mouth may count as a cover. Whether the forehead is covered is
not measured, because colour does not tell a cap from hair.

Limits were chosen on 400 drawn faces of 128 pixels and tried on 400 others, half of them masked in the blue, green or
white of hospitals. 93 % could be measured: 87 % of the lightest third of skins, where many are too pale, 94 % of the
middle and 99 % of the darkest. Of these, with the limits in `quality`, 192 of 192 masks were flagged (95 % interval 98
to 100 %), 0 of 181 free faces (0 to 2 %) and 0 of the 48 bearded among them (0 to 7 %); dark glasses drawn over the
faces on 373 of 373 (99 to 100 %), none without (0 to 1 %) although 77 wore clear glasses; alike in each third. Lit from
one side dark glasses were flagged on 99 %, on 98 % of the darkest third. Of masks in other colours nearly all in black,
grey, white, red, pink, yellow and navy were flagged, 68 % of brown, 61 % of cream and 7 % of beige ones.

These are drawings. Neither real masks nor real dark glasses were at hand, but one real portrait: it raises no flag, be
it dark, lit from one side, tinted or as if of dark skin. Painted masks, scarves and dark glasses do, but cream and
beige ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from prognosis.portraits.faces.light_free_colours import LightFree, Values, light_free

Places = NDArray[np.bool_]

LEAST_COLOUR_OF_SKIN = 5.0
"""How far skin must be from grey, light-free, for a cover to be told by colour."""

LEAST_TONES = 4.0
"""How much tones of a picture differ (5th to 95th percentile) unless it is black and white: 42 for one portrait, 1.5 to
3.3 toned brown in four ways, 16 in a fifth of three colours; 8 or more for 99 % of drawn faces, 1.3 to 4.7 toned."""

_SIDE, _SMOOTH = 128, 0.8
_NEARLY_BLACK, _CLIPPED, _ENOUGH = 70, 250, 0.1
_SKIN_HUES_DEG = (0.0, 100.0)
_SAME_SKIN = 7.0
_LEAST_AGREEING = 3
_PALER, _STRONGER = 0.5, 2.2
_LEAST_OFF, _OFF_SHARE, _OPPOSITE = 5.0, 0.5, 2.0
_DARKER, _DARKER_WITHOUT_EYES = 0.6, 0.8
_BRIGHTER, _PALER_WHERE_BRIGHT = 1.15, 0.8
_LEAST_CONTRAST_OF_EYES = 0.25
_HIDDEN = 0.8


@dataclass(frozen=True)
class Cover:
    """How much of a face is covered; None where that cannot be measured.

    Args:
        lower: Share of what lies between the tip of the nose and the chin, 0 to 1.
        eyes: Share of the rings between the eyes' openings and the brows.
    """

    lower: float | None
    eyes: float | None


@dataclass(frozen=True)
class _Skin:
    """A person's skin: its tones (2,) and its light."""

    tones: Values
    light: float


@dataclass(frozen=True)
class _Unlike:
    """Where a face does not look like its skin.

    Args:
        foreign: Of a colour neither skin nor lips nor hair have.
        any: That, or of a colour that hair may have, or dark.
        dark: Darker than skin in shadow, on both sides.
    """

    foreign: Places
    any: Places
    dark: Places


def measure_cover(face: NDArray[np.uint8]) -> Cover:
    """Measure how much of a face is covered.

    Args:
        face: RGB, shape (size, size, 3), cut out of a photo as `face_quad` says.
    """
    small = np.asarray(Image.fromarray(face).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR))
    colours = light_free(gaussian_filter(small, (_SMOOTH, _SMOOTH, 0)))
    skin = _skin(colours) if _in_colour(colours, small.max(axis=-1)) else None
    if skin is None:
        return Cover(None, None)
    unlike = _unlike(colours, skin)
    hidden = unlike.any[_box(0.0, 0.495, 0.13, 0.06)].mean() > _HIDDEN
    lower = unlike.any if hidden else unlike.foreign
    eyes = unlike.dark if _sees_eyes(colours, skin) else unlike.any
    return Cover(float(lower[_lower_face()].mean()), float(eyes[_around_eyes()].mean()))


def _in_colour(colours: LightFree, brightest: NDArray[np.uint8]) -> bool:
    """Whether tones differ, told by pixels that are neither nearly black nor clipped, if there are enough."""
    lit = (brightest > _NEARLY_BLACK) & (brightest < _CLIPPED)
    tones = colours.tones[lit] if lit.mean() > _ENOUGH else colours.tones.reshape(-1, 2)
    low, high = np.percentile(tones, (5, 95), axis=0)
    return bool((high - low).max() > LEAST_TONES)


def _skin(colours: LightFree) -> _Skin | None:
    """What most patches agree on; of as many the brighter ones, since dark glasses are dark."""
    patches = _patches()
    tones = np.array([np.median(colours.tones[patch], axis=0) for patch in patches])
    light = np.array([np.median(colours.light[patch]) for patch in patches])
    hue = np.degrees(np.arctan2(tones[:, 1], tones[:, 0]))
    possible = (np.hypot(*tones.T) > LEAST_COLOUR_OF_SKIN) & (hue > _SKIN_HUES_DEG[0]) & (hue < _SKIN_HUES_DEG[1])
    apart = np.hypot(*(tones[:, None] - tones[None]).transpose(2, 0, 1))
    alike = (apart < _SAME_SKIN) & possible[:, None] & possible
    best = max(alike, key=lambda group: (group.sum(), light[group].mean() if group.any() else 0.0))
    if best.sum() < _LEAST_AGREEING:
        return None
    return _Skin(tones[best].mean(axis=0), float(light[best].mean()))


def _unlike(colours: LightFree, skin: _Skin) -> _Unlike:
    strength = float(np.hypot(*skin.tones))
    along = skin.tones / strength
    like = colours.tones @ along
    off = colours.tones @ np.array([-along[1], along[0]])
    lips = _box(0.0, 0.495, 0.26, 0.12) & (off < 0) & (colours.tones[..., 0] > 0)
    far_off = np.abs(off) > max(_LEAST_OFF, _OFF_SHARE * strength) + colours.noise
    foreign = (far_off | (like < -_OPPOSITE - colours.noise)) & ~lips
    pale = np.where(colours.light > _BRIGHTER * skin.light, _PALER_WHERE_BRIGHT, _PALER)
    as_hair = (like < pale * strength - colours.noise) | (like > _STRONGER * strength + colours.noise)
    unlike = foreign | as_hair
    dark = colours.light < (_DARKER if _sees_eyes(colours, skin) else _DARKER_WITHOUT_EYES) * skin.light
    dark &= (unlike | dark)[:, ::-1]
    return _Unlike(foreign, unlike | dark, dark)


def _sees_eyes(colours: LightFree, skin: _Skin) -> bool:
    """Whether white and pupil, or at least lashes, stand out in one of the eyes."""
    openings = [_ellipse(x, -0.06, 0.11, 0.065) for x in (-0.25, 0.25)]
    low, high = np.transpose([np.percentile(colours.light[opening], (5, 95)) for opening in openings])
    return bool((high - low).max() > _LEAST_CONTRAST_OF_EYES * skin.light)


def _grid() -> tuple[Values, Values]:
    """(x, y) of pixels, from -1 to 1: eyes at (-0.25, -0.055) and (0.25, -0.055), the mouth at (0, 0.495)."""
    places = (np.arange(_SIDE) + 0.5) / _SIDE * 2 - 1
    x, y = np.meshgrid(places, places)
    return x, y


def _box(x: float, y: float, half_width: float, half_height: float) -> Places:
    across, down = _grid()
    inside: Places = (np.abs(across - x) < half_width) & (np.abs(down - y) < half_height)
    return inside


def _patches() -> list[Places]:
    """Where skin is seen with a mask or with glasses or with a cap."""
    below_eyes = [_box(x, 0.105, 0.12, 0.03) for x in (-0.24, 0.24)]
    forehead = [_box(x, -0.28, 0.07, 0.04) for x in (-0.15, 0.0, 0.15)]
    return [*below_eyes, _box(0.0, 0.06, 0.045, 0.05), *forehead]


def _lower_face() -> Places:
    x, y = _grid()
    down = (y - 0.20) / 0.58
    inside: Places = (down > 0) & (down < 1) & (np.abs(x) < 0.36 - 0.22 * down**2)
    return inside


def _ellipse(x: float, y: float, half_width: float, half_height: float) -> Places:
    across, down = _grid()
    inside: Places = np.hypot((across - x) / half_width, (down - y) / half_height) < 1
    return inside


def _around_eyes() -> Places:
    rings = [_ellipse(x, -0.06, 0.145, 0.115) & ~_ellipse(x, -0.06, 0.11, 0.065) for x in (-0.25, 0.25)]
    return rings[0] | rings[1]
