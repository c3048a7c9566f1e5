"""The frame of the chest phantom: skin, fat, muscle, rib cage, lungs, spine."""

from dataclasses import dataclass

import numpy as np

from prognosis.phantoms.lesions.canvas import Canvas, Float, Mask
from prognosis.phantoms.lesions.organs import (
    FIRST_LEFT_RIB,
    FIRST_RIGHT_RIB,
    FIRST_VERTEBRA,
    ORGAN_LABELS,
    RIBS,
    VERTEBRAE,
)

FAT_HU, MUSCLE_HU, LUNG_HU = -100.0, 55.0, -850.0
_CORTEX_HU, _MARROW_HU, _DISC_HU, _CORD_HU = 620.0, 220.0, 80.0, 35.0
_BODY_POWER, _CAGE_POWER = 2.6, 2.2
_RIB_PITCH_MM, _RIB_SLOPE, _VERTEBRA_PITCH_MM = 25.0, 0.45, 25.0
_RIB_DEPTH = 0.11  # part of the cage's radius
SPINE_Y = 62.0


@dataclass(frozen=True)
class Build:
    """How one person's chest differs from the next one's; lengths in design mm.

    Args:
        width: Of the body, relative to the mean.
        depth: Of the body, relative to the mean.
        fat: Thickness of the fat under the skin, as a part of the radius.
        right_dome: Height of the right diaphragm's top.
        left_dome: Height of the left diaphragm's top.
        heart: Size of the heart, relative to the mean.
        bone_phase: Shift of ribs and vertebrae along the body, as a part of their pitch.
        enhancement: Strength of the contrast medium.
    """

    width: float
    depth: float
    fat: float
    right_dome: float
    left_dome: float
    heart: float
    bone_phase: float
    enhancement: float

    @staticmethod
    def draw(enhancement: float, rng: np.random.Generator) -> "Build":
        """Draw a person."""
        right_dome = float(rng.uniform(128.0, 152.0))
        return Build(
            width=float(rng.uniform(0.93, 1.03)),
            depth=float(rng.uniform(0.92, 1.04)),
            fat=float(rng.uniform(0.05, 0.11)),
            right_dome=right_dome,
            left_dome=right_dome - float(rng.uniform(4.0, 14.0)),
            heart=float(rng.uniform(0.88, 1.1)),
            bone_phase=float(rng.uniform(0.0, 1.0)),
            enhancement=enhancement,
        )


def paint_torso(canvas: Canvas, build: Build) -> None:
    """Paint everything of the chest that is neither mediastinum nor abdomen; the cage is left full of lung."""
    body = _radius(canvas, 164.0 * build.width, 119.0 * build.depth, _BODY_POWER, y=0.0, taper=0.12)
    canvas.paint(body <= 1.0, FAT_HU)
    canvas.paint(body <= (1.0 - build.fat) ** _BODY_POWER, MUSCLE_HU)
    cage = cage_radius(canvas, build)
    side = np.where(canvas.x > 0, ORGAN_LABELS["lung_left"], ORGAN_LABELS["lung_right"]).astype(np.uint8)
    lung = (cage <= (1.0 - _RIB_DEPTH) ** _CAGE_POWER) & (canvas.z > dome_height(canvas, build))
    canvas.hu[lung] = LUNG_HU
    np.copyto(canvas.labels, side, where=lung)
    _paint_ribs(canvas, cage, build)


def paint_spine(canvas: Canvas, build: Build) -> None:
    """Paint vertebrae, discs and the spinal canal over what lies there."""
    part, _ = canvas.slab((-42.0, SPINE_Y - 20.0, 0.0), (42.0, SPINE_Y + 60.0, 300.0))
    level = (300.0 - part.z) / _VERTEBRA_PITCH_MM + build.bone_phase
    number = np.clip(np.floor(level), 0, VERTEBRAE - 1).astype(np.uint8) + np.uint8(FIRST_VERTEBRA)
    within = level - np.floor(level)
    body = part.distance((0.0, SPINE_Y, 0.0), (20.0, 15.5, np.inf))
    canal = part.distance((0.0, SPINE_Y + 24.0, 0.0), (10.0, 9.0, np.inf))
    arch = (part.distance((0.0, SPINE_Y + 24.0, 0.0), (17.0, 15.0, np.inf)) <= 1.0) & (within < 0.75)
    arch |= (np.abs(part.x) < 3.5) & (part.y > SPINE_Y + 34.0) & (part.y < SPINE_Y + 52.0) & (within < 0.5)
    arch |= (np.abs(part.y - SPINE_Y - 22.0) < 4.5) & (np.abs(part.x) < 36.0) & (within < 0.4)
    bone = (body <= 1.0) | (arch & (body > 1.0))
    disc = (body <= 1.0) & (within > 0.8)
    part.paint(body <= 1.25, MUSCLE_HU, 0)
    part.paint(bone, _CORTEX_HU)
    part.paint((body <= 0.8) & (within > 0.06) & (within < 0.74), _MARROW_HU)
    np.copyto(part.labels, number, where=bone)
    part.paint(disc, _DISC_HU, 0)
    part.paint((canal <= 1.0) & (body > 1.0), _CORD_HU, ORGAN_LABELS["spinal_cord"])


def cage_radius(canvas: Canvas, build: Build) -> Float:
    """Distance from the middle of the rib cage to the power 2.2, 1 at the ribs' outer face."""
    return _radius(canvas, 144.0 * build.width, 99.0 * build.depth, _CAGE_POWER, y=0.0, taper=0.42)


def inside_cage(canvas: Canvas, build: Build, margin: float = 0.0) -> Mask:
    """The inside of the rib cage, less a margin given as a part of its radius."""
    return cage_radius(canvas, build) <= (1.0 - _RIB_DEPTH - margin) ** _CAGE_POWER


def dome_height(canvas: Canvas, build: Build) -> Float:
    """Height of the diaphragm over each column, lower at the sides and at the back."""
    right = build.right_dome - 62.0 * (((canvas.x + 62.0) / 78.0) ** 2 + ((canvas.y + 8.0) / 105.0) ** 2)
    left = build.left_dome - 62.0 * (((canvas.x - 66.0) / 76.0) ** 2 + ((canvas.y + 8.0) / 105.0) ** 2)
    tendon = build.left_dome - 26.0 - 0.02 * (canvas.x - 5.0) ** 2 - 0.003 * (canvas.y - 20.0) ** 2
    return np.maximum(np.maximum(right, left) - 0.12 * (canvas.y + 90.0), np.maximum(tendon, 22.0))


def _paint_ribs(canvas: Canvas, cage: Float, build: Build) -> None:
    level = (300.0 - canvas.z + _RIB_SLOPE * (canvas.y - SPINE_Y)) / _RIB_PITCH_MM + build.bone_phase
    number = np.floor(level)
    within = np.abs(level - number - 0.5)
    shell = (cage <= 1.0) & (cage > (1.0 - _RIB_DEPTH) ** _CAGE_POWER)
    rib = shell & (within < 0.2) & (number >= 0) & (number < RIBS)
    front = (canvas.y < -70.0 * build.depth) & (np.abs(canvas.x) < 56.0)
    bone = rib & ~front
    canvas.paint(rib & front, 110.0)  # cartilage
    canvas.paint(bone, _CORTEX_HU)
    middle = (1.0 - 0.5 * _RIB_DEPTH) ** _CAGE_POWER
    canvas.paint(bone & (within < 0.12) & (np.abs(cage - middle) < 0.55 * _RIB_DEPTH), _MARROW_HU)
    first = np.where(canvas.x > 0, FIRST_LEFT_RIB, FIRST_RIGHT_RIB)
    canvas.labels[bone] = np.broadcast_to(number + first, bone.shape)[bone].astype(np.uint8)
    sternum = shell & (np.abs(canvas.x) < 17.0) & (canvas.y < 0.0) & (canvas.z > 120.0)
    canvas.paint(sternum, _CORTEX_HU, ORGAN_LABELS["sternum"])
    canvas.paint(sternum & (np.abs(canvas.x) < 13.0) & (np.abs(cage - middle) < 0.6 * _RIB_DEPTH), _MARROW_HU)


def _radius(canvas: Canvas, a: float, b: float, power: float, *, y: float, taper: float) -> Float:
    """Superelliptic distance to the given power; the upper third narrows by the part `taper`."""
    narrow = 1.0 - taper * np.clip((canvas.z - 200.0) / 100.0, 0.0, 1.0) ** 2
    across = (np.abs(canvas.x) / a) ** power
    along = (np.abs(canvas.y - y) / b) ** power
    return (across + along) * narrow**-power
