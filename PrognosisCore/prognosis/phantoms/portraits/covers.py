"""Hair, glasses, masks and caps of drawn faces."""

import numpy as np

from prognosis.phantoms.portraits.canvas import Canvas, Values, bump, each, mixed, ridge
from prognosis.phantoms.portraits.features import eye_places
from prognosis.phantoms.portraits.head import EYE_LEVEL, HeadShape
from prognosis.phantoms.portraits.traits import FaceTraits

_BLOND, _BLACK = np.array([0.78, 0.62, 0.36], np.float32), np.array([0.08, 0.06, 0.05], np.float32)
_RED, _GREY = np.array([0.55, 0.22, 0.09], np.float32), np.array([0.74, 0.74, 0.73], np.float32)
_ROUNDING = 0.025
_FRAME = np.array([0.12, 0.10, 0.10], np.float32)


def hair_colours(traits: FaceTraits) -> Values:
    """(n, 3), between blond, red, black and grey."""
    count = (len(traits), 3)
    hair = mixed(np.broadcast_to(_BLOND, count), np.broadcast_to(_BLACK, count), traits.hair_melanin)
    hair = mixed(hair, np.broadcast_to(_RED, count), 0.6 * traits.hair_red * (1 - traits.hair_melanin))
    return mixed(hair, np.broadcast_to(_GREY, count), np.clip(1.5 * traits.grey_hair - 0.4, 0, 1))


def paint_hair_behind(canvas: Canvas, traits: FaceTraits, head: HeadShape, hair: Values) -> None:
    """Long hair beside face and neck."""
    length = each(np.clip(2 * traits.hair_length - 0.8, 0, 1.2)) * (1 - each(traits.bald) * 0.8)
    wide = head.half_width + 0.10 + 0.025 * each(traits.hair_volume_sd)
    middle, tall = -0.25, 0.30 + 1.15 * length
    down = np.where(canvas.y > middle, (canvas.y - middle) / tall, (canvas.y - middle) / 0.5)
    falls = (1 - (np.abs(canvas.x / wide) ** 3.5 + np.abs(down) ** 3.5) ** (1 / 3.5)) * wide
    shown = canvas.edge(falls, 3) * (length > 0)
    canvas.paint(shown, _strands(canvas, hair * 0.72, traits))


def paint_hair(canvas: Canvas, traits: FaceTraits, head: HeadShape, hair: Values) -> None:
    """The top of the head: an outline larger than the skull above a hairline that recedes."""
    volume = (0.09 + 0.03 * each(traits.hair_volume_sd)) * (1 - 0.8 * each(traits.bald))
    x, y = canvas.x, canvas.y
    line = -0.50 - each(0.30 * traits.bald) + 0.45 * (x - each(0.10 * traits.parting_sd)) ** 2
    sides = np.abs(x) - (head.half_width - 0.07 + 0.02 * each(traits.hair_volume_sd))
    low = 0.05 + 0.1 * each(traits.hair_length)
    beside = np.minimum(np.minimum(sides, low - y), y + 0.72)
    cover = np.minimum(head.inside + volume, _joined(line - y, beside))
    canvas.paint(canvas.edge(cover, 2.5), _strands(canvas, hair, traits))


def paint_glasses(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> None:
    """Two round frames and a bridge."""
    worn = each(traits.glasses)
    for _, place in eye_places(traits, head):
        x, y = canvas.x - place, canvas.y - EYE_LEVEL - head.nodded
        rim = np.sqrt((x / 0.165) ** 2 + (y / 0.135) ** 2)
        canvas.paint(worn * canvas.edge(0.016 - np.abs(1 - rim) * 0.14, 1.5), np.broadcast_to(_FRAME, (len(traits), 3)))
        canvas.paint(worn * 0.10 * (rim < 1), np.ones((len(traits), 3), np.float32))
    x, y = canvas.x - head.turned, canvas.y - EYE_LEVEL - head.nodded + 0.03
    canvas.paint(
        worn * canvas.edge(0.012 - np.abs(y), 1.5) * (np.abs(x) < 0.09), np.broadcast_to(_FRAME, (len(traits), 3))
    )


def paint_mask(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> None:
    """A pleated mask over nose, mouth and chin, with bands to the ears."""
    x, y = canvas.x - head.turned, canvas.y - head.nodded
    upper = 0.13 + 0.45 * np.maximum(np.abs(x) - 0.08, 0) ** 1.4
    inside = np.minimum(np.minimum(head.inside + 0.015, y - upper), 0.80 - y)
    pleats = 1 - 0.10 * np.exp(-0.5 * ((np.mod(y, 0.14) - 0.07) / 0.015) ** 2)
    round_light = 1 - 0.35 * np.clip(np.abs(x) / head.half_width, 0, 1) ** 2
    cloth = traits.cover_colours[:, None, None] * (pleats * round_light)[..., None]
    worn = each(traits.mask)
    band = ridge(y - 0.22 + 0.35 * (np.abs(x) - 0.35), 0.010) * (np.abs(x) > 0.3)
    canvas.paint(worn * 0.8 * band * canvas.edge(head.inside, 1.5), traits.cover_colours)
    canvas.paint(worn * canvas.edge(inside, 1.5), cloth)


def paint_cap(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> None:
    """A cap over the hair with a band above the brows."""
    x, y = canvas.x, canvas.y
    rim = -0.40 + 0.22 * (x / 0.6) ** 2
    cover = np.minimum(head.inside + 0.13, rim - y)
    folds = 1 - 0.10 * np.clip(np.abs(x) / 0.65, 0, 1) ** 2 + 0.04 * np.sin(14 * x)
    band = 1 - 0.18 * (np.abs(y - rim + 0.05) < 0.05)
    cloth = np.clip(traits.cover_colours[:, None, None] * (folds * band)[..., None], 0, 1)
    canvas.paint(each(traits.cap) * canvas.edge(cover, 1.5), cloth)


def _joined(one: Values, other: Values) -> Values:
    """Distance inside of either of two shapes, with rounded inner corners."""
    return _ROUNDING * np.logaddexp(one / _ROUNDING, other / _ROUNDING)


def _strands(canvas: Canvas, hair: Values, traits: FaceTraits) -> Values:
    angle = np.arctan2(canvas.x - each(0.08 * traits.parting_sd), 1.9 - canvas.y)
    waves = np.sin(90 * angle) + 0.7 * np.sin(151 * angle + 3 * canvas.y)
    light = 1 + 0.06 * waves + 0.20 * bump(canvas.x - each(0.2 * traits.light_sd), canvas.y + 0.72, 0.3, 0.1)
    return hair[:, None, None] * light[..., None]
