"""What is around a drawn face, and its skin: background, clothes, neck, ears, the head with its light and shadow."""

from dataclasses import dataclass

import numpy as np

from prognosis.phantoms.portraits.canvas import Canvas, Values, bump, each, mixed
from prognosis.phantoms.portraits.traits import FaceTraits

EYE_LEVEL = -0.055
MOUTH_LEVEL = 0.495
_LIGHT_SKIN = np.array([0.94, 0.76, 0.65], np.float32)
_DARK_SKIN = np.array([0.34, 0.21, 0.15], np.float32)
_PALE = np.array([0.80, 0.79, 0.72], np.float32)


@dataclass(frozen=True)
class HeadShape:
    """The outline of n heads in the head's frame.

    Args:
        half_width, top, chin: (n, 1, 1).
        inside: (n, side, side), about the distance inside the outline.
        skin: Colours (n, 3).
        turned: (n, 1, 1) how far eyes, nose and mouth are moved sideways by the head's turn.
        nodded: (n, 1, 1) and downwards.
    """

    half_width: Values
    top: Values
    chin: Values
    inside: Values
    skin: Values
    turned: Values
    nodded: Values


def head_shape(canvas: Canvas, traits: FaceTraits) -> HeadShape:
    """Where the head is, and the colour of its skin."""
    half_width = each(0.56 + 0.035 * traits.width_sd)
    top = each(-0.80 - 0.03 * traits.length_sd)
    chin = each(0.86 + 0.03 * traits.length_sd)
    middle = (top + chin) / 2 - 0.06
    below = np.maximum(canvas.y - middle, 0) / (chin - middle)
    taper = each(0.30 - 0.05 * traits.jaw_sd + 0.13 * traits.hollow_cheeks) * below**1.7
    height = np.where(canvas.y < middle, middle - top, chin - middle)
    radius = np.sqrt(
        (np.abs(canvas.x) / (half_width * (1 - taper))) ** 2.2 + (np.abs(canvas.y - middle) / height) ** 2.2
    )
    inside = (1 - radius ** (2 / 2.2)) * half_width
    return HeadShape(
        half_width, top, chin, inside, _skin(traits), each(0.045 * traits.yaw_sd), each(0.02 * traits.pitch_sd)
    )


def paint_behind(canvas: Canvas, traits: FaceTraits) -> None:
    """Background with a slow change of brightness."""
    slope = each(0.12 * traits.light_sd) * canvas.x - 0.12 * canvas.y
    canvas.colours[:] = traits.background[:, None, None] * (1 + slope)[..., None]


def paint_body(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> None:
    """Clothes and neck."""
    shoulder = 0.86 + 0.35 * np.maximum(np.abs(canvas.x) - 0.25, 0) ** 1.3
    gown = np.array([0.72, 0.82, 0.88], np.float32)
    clothes = mixed(traits.clothes, np.broadcast_to(gown, traits.clothes.shape), traits.gown)
    pattern = 1 - each(0.10 * traits.gown) * (np.sin(38 * canvas.x) * np.sin(38 * canvas.y) > 0.45)
    canvas.paint(canvas.edge(canvas.y - shoulder, 2), clothes[:, None, None] * pattern[..., None])
    width = head.half_width * each(0.58 + 0.03 * traits.jaw_sd - 0.08 * traits.hollow_cheeks)
    opening = 1.02 - 0.55 * np.maximum(np.abs(canvas.x) - 0.08, 0)
    neck = np.minimum(np.minimum(width - np.abs(canvas.x), canvas.y - 0.4), opening - canvas.y)
    shadow = 0.60 + 0.25 * np.clip((canvas.y - head.chin) / 0.3, 0, 1)
    canvas.paint(canvas.edge(neck, 2), head.skin[:, None, None] * shadow[..., None])


def paint_skin(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> None:
    """Ears and face, lit from one side; hollow cheeks, sockets, bags and lines of the skin."""
    for side in (-1, 1):
        ear = canvas.ellipse(side * head.half_width, 0.06, 0.075, 0.15)
        canvas.paint(ear, head.skin * 0.85)
    light = _light(canvas, traits, head) * _relief(canvas, traits, head)
    canvas.paint(canvas.edge(head.inside, 1.5), head.skin[:, None, None] * light[..., None])
    for side in (-1, 1):
        blush = bump(canvas.x - side * 0.30 - head.turned, canvas.y - 0.24 - head.nodded, 0.12, 0.10)
        reddish = np.clip(head.skin * np.array([1.05, 0.78, 0.76], np.float32), 0, 1)
        canvas.paint(blush * each(0.45 * (1 - traits.pallor)) * canvas.edge(head.inside, 1.5), reddish)


def _skin(traits: FaceTraits) -> Values:
    skin = mixed(
        np.broadcast_to(_LIGHT_SKIN, (len(traits), 3)), np.broadcast_to(_DARK_SKIN, (len(traits), 3)), traits.melanin
    )
    skin = skin * (1 + 0.04 * traits.warmth_sd[:, None] * np.array([1, 0, -1], np.float32))
    lightness = skin.mean(axis=1, keepdims=True)
    pale = 0.45 * lightness + 0.55 * lightness * _PALE / _PALE.mean() * 1.12
    return mixed(skin, pale.astype(np.float32), 0.75 * traits.pallor)


def _light(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> Values:
    across = np.clip((canvas.x - head.turned) / head.half_width, -1, 1)
    down = np.clip(canvas.y - 0.02, -1, 1)
    forward = np.sqrt(np.clip(1 - 0.75 * across**2 - 0.45 * down**2, 0.02, 1))
    return 0.50 + 0.46 * forward + each(0.13 * traits.light_sd) * across - 0.10 * down


def _relief(canvas: Canvas, traits: FaceTraits, head: HeadShape) -> Values:
    x, y = canvas.x - head.turned, canvas.y - head.nodded
    relief = np.ones_like(x)
    for side in (-1, 1):
        eye = side * (0.25 + 0.012 * each(traits.eye_distance_sd))
        relief -= 0.20 * bump(x - eye, y - EYE_LEVEL + 0.06, 0.12, 0.08)
        relief -= each(0.28 * traits.hollow_cheeks) * bump(x - side * 0.37, y - 0.40, 0.075, 0.17)
        relief += each(0.10 * traits.hollow_cheeks) * bump(x - side * 0.40, y - 0.17, 0.09, 0.04)
        relief -= each(0.26 * traits.eye_bags) * bump(x - eye, y - EYE_LEVEL - 0.115, 0.085, 0.022)
        fold = x - side * (0.14 + 0.22 * np.clip(y - 0.28, 0, 0.3))
        relief -= each(0.22 * traits.wrinkles + 0.06 * traits.smile) * bump(fold, y - 0.40, 0.018, 0.10)
    lines = np.exp(-0.5 * ((np.mod(y + 0.5, 0.085) - 0.0425) / 0.014) ** 2)
    relief -= each(0.20 * traits.wrinkles) * lines * bump(x, y + 0.40, 0.26, 0.085)
    return relief
