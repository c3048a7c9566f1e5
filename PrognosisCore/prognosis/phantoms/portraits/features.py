"""Eyes, brows, nose, mouth and beard of drawn faces."""

import numpy as np

from prognosis.phantoms.portraits.canvas import Canvas, Values, bump, each, mixed, ridge
from prognosis.phantoms.portraits.head import EYE_LEVEL, MOUTH_LEVEL, HeadShape
from prognosis.phantoms.portraits.traits import FaceTraits

_WHITE = np.array([0.93, 0.92, 0.90], np.float32)
_BROWN, _BLUE = np.array([0.28, 0.16, 0.08], np.float32), np.array([0.35, 0.52, 0.70], np.float32)
_BLACK = np.array([0.04, 0.04, 0.05], np.float32)
_LIP = np.array([0.72, 0.30, 0.30], np.float32)


def eye_places(traits: FaceTraits, head: HeadShape) -> list[tuple[int, Values]]:
    """Side (-1 left in the picture, 1 right) and horizontal place (n, 1, 1) of each eye."""
    apart = 0.25 + 0.012 * each(traits.eye_distance_sd)
    return [(side, side * apart + head.turned) for side in (-1, 1)]


def paint_eyes(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> None:
    """Almonds of white with iris, pupil and a glint; drooping lowers lids and outer corners."""
    width = 0.105 * (1 + 0.07 * each(traits.eye_size_sd))
    open_height = 0.062 * (1 + 0.10 * each(traits.eye_size_sd)) * each(1 - 0.50 * traits.drooping - 0.15 * traits.smile)
    colour = mixed(_all(_BROWN, traits), _all(_BLUE, traits), traits.iris)
    for side, place in eye_places(traits, head):
        x = canvas.x - place
        y = canvas.y - EYE_LEVEL - head.nodded - each(0.030 * traits.drooping) * np.clip(side * x / width, -1.2, 1.2)
        arch = np.clip(1 - (x / width) ** 2, 0, 1)
        below_lid, above_lower = y + open_height * arch, 0.040 * arch - y
        eye = canvas.edge(np.minimum(below_lid, above_lower), 1.2) * (np.abs(x) < width)
        canvas.paint(eye, _all(_WHITE * 0.96, traits))
        ring = np.sqrt(x**2 + (y + 0.006) ** 2)
        canvas.paint(eye * canvas.edge(0.043 - ring, 1.2), colour)
        canvas.paint(eye * canvas.edge(0.019 - ring, 1.2), _all(_BLACK, traits))
        canvas.paint(eye * canvas.edge(0.009 - np.hypot(x + 0.014, y + 0.02), 1.2), _all(_WHITE, traits))
        lid = ridge(below_lid, 0.011) * (np.abs(x) < width * 1.08)
        canvas.paint(0.85 * lid, head.skin * 0.22)
        crease = ridge(below_lid + 0.035, 0.012) * (np.abs(x) < width)
        canvas.paint(each(0.25 + 0.35 * traits.drooping) * crease, head.skin * 0.55)


def paint_brows(canvas: Canvas, traits: FaceTraits, head: HeadShape, hair: Values) -> None:
    """Arches in the colour of the hair."""
    for side, place in eye_places(traits, head):
        x = (canvas.x - place) * side
        level = EYE_LEVEL - 0.145 - 0.010 * each(traits.brow_sd) + head.nodded
        y = canvas.y - level - 0.9 * (x - 0.02) ** 2 * 4 + 0.02 * x - each(0.018 * traits.drooping) * x / 0.1
        thick = 0.020 * (1 + 0.18 * each(traits.brow_sd))
        canvas.paint(0.85 * canvas.edge(thick - np.abs(y), 2) * canvas.edge(0.135 - np.abs(x), 3), hair * 0.75)


def paint_nose(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> None:
    """A shadow at its side, its wings, nostrils and a light tip; it moves most when the head turns."""
    tip = 0.235 + 0.02 * each(traits.nose_length_sd) + 1.3 * head.nodded
    wide = 0.078 * (1 + 0.12 * each(traits.nose_width_sd))
    x, y = canvas.x - 1.8 * head.turned, canvas.y
    down = np.clip((y - EYE_LEVEL) / (tip - EYE_LEVEL), 0, 1)
    away = np.where(each(traits.light_sd) >= 0, x, -x)
    shadow = bump(away + 0.045 + 0.02 * down, y - tip / 2, 0.024, 0.13)
    canvas.paint(0.30 * shadow, head.skin * 0.45)
    canvas.paint(0.40 * bump(x, y - tip - 0.035, wide * 0.9, 0.016), head.skin * 0.40)
    for side in (-1, 1):
        canvas.paint(0.28 * bump(x - side * wide, y - tip, 0.014, 0.035), head.skin * 0.45)
        canvas.paint(0.75 * bump(x - side * wide * 0.52, y - tip - 0.022, 0.020, 0.011), head.skin * 0.22)
    canvas.paint(0.30 * bump(x, y - tip + 0.03, 0.035, 0.04), np.clip(head.skin * 1.25, 0, 1))
    canvas.paint(0.16 * bump(x, y - tip / 2 + 0.02, 0.022, 0.10), np.clip(head.skin * 1.25, 0, 1))


def paint_mouth(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> None:
    """Two lips with corners that a smile lifts and drooping lowers, teeth in a wide smile."""
    width = 0.175 * (1 + 0.08 * each(traits.mouth_width_sd) + 0.22 * each(traits.smile))
    full = 0.040 * (1 + 0.20 * each(traits.lips_sd))
    x = canvas.x - 1.2 * head.turned
    along = np.clip(np.abs(x) / width, 0, 1.3)
    bend = each(0.070 * traits.smile - 0.065 * traits.drooping)
    y = canvas.y - MOUTH_LEVEL - head.nodded + bend * (along**2 - 0.3)
    arch = np.clip(1 - along**2, 0, 1)
    bow = 1 - 0.25 * ridge(x, 0.025)
    lip = mixed(head.skin * np.array([0.95, 0.70, 0.68], np.float32), _all(_LIP, traits), _own_redness(traits))
    lip = mixed(lip, head.skin * 0.86, 0.75 * traits.pallor)
    canvas.paint(canvas.edge(np.minimum(y + full * arch * bow, -y), 1.5) * (along < 1), lip * 0.86)
    canvas.paint(canvas.edge(np.minimum(full * 1.25 * np.sqrt(arch) - y, y), 1.5) * (along < 1), lip)
    teeth = canvas.edge(0.024 * each(np.clip(2 * traits.smile - 1, 0, 1)) * arch - np.abs(y), 1.5) * (along < 0.85)
    canvas.paint(teeth * each(np.clip(3 * traits.smile - 1.5, 0, 1)), _all(_WHITE, traits))
    canvas.paint(0.75 * ridge(y, 0.008) * (1 - teeth) * (along < 1.05), head.skin * 0.25)
    canvas.paint(0.22 * bump(x, y - 0.10, 0.10, 0.018), head.skin * 0.5)


def _own_redness(traits: FaceTraits) -> Values:
    """How far lips are red of their own rather than like the skin (n,)."""
    return 0.35 + 0.10 * traits.lips_sd


def paint_beard(canvas: Canvas, traits: FaceTraits, head: HeadShape, hair: Values) -> None:
    """Chin, cheeks and upper lip, with the mouth left free."""
    x, y = canvas.x - head.turned, canvas.y - head.nodded
    lower = canvas.edge(y - 0.30 - 0.5 * np.maximum(0.33 - np.abs(x), 0), 6) * canvas.edge(head.inside, 2)
    mouth = bump(x, y - MOUTH_LEVEL, 0.13, 0.035)
    strands = 0.9 + 0.1 * np.sin(70 * x + 40 * y)
    cover = each(traits.beard) * 0.85 * lower * (1 - 0.9 * mouth) * strands
    canvas.paint(cover, hair * 0.8)


def _all(colour: Values, traits: FaceTraits) -> Values:
    return np.broadcast_to(colour, (len(traits), 3))
