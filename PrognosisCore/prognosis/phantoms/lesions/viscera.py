"""Heart, great vessels, airways and the upper abdomen of the chest phantom."""

import numpy as np
from numpy.typing import NDArray

from prognosis.phantoms.lesions.canvas import Canvas, Mask
from prognosis.phantoms.lesions.organs import ORGAN_LABELS
from prognosis.phantoms.lesions.torso import FAT_HU, SPINE_Y, Build, dome_height, inside_cage

_MEDIASTINAL_FAT_HU = -85.0
_AIR_HU = -980.0
HILA = ((-46.0, 8.0, 205.0), (50.0, 12.0, 210.0))  # right, left


def paint_mediastinum(canvas: Canvas, build: Build) -> None:
    """Paint the space between the lungs with heart, great vessels, trachea and esophagus."""
    half_width = 28.0 + 14.0 * np.clip((240.0 - canvas.z) / 60.0, 0.0, 1.0)
    middle = 4.0 + 8.0 * np.clip((220.0 - canvas.z) / 60.0, 0.0, 1.0)
    waist = 1.0 - 0.65 * np.abs((canvas.y - 5.0) / 95.0) ** 1.5
    between = (np.abs(canvas.x - middle) < half_width * waist) & (canvas.y < SPINE_Y)
    _paint_where_lung(canvas, between, _MEDIASTINAL_FAT_HU, "mediastinum")
    blood = 45.0 + 150.0 * build.enhancement
    muscle = 45.0 + 60.0 * build.enhancement
    _paint_heart(canvas, build, muscle, blood)
    for path, radius, name in _great_vessels():
        canvas.paint_tube(path, radius, blood, ORGAN_LABELS[name])
    canvas.paint_tube(_line((6.0, 40.0, 90.0), (2.0, 38.0, 290.0)), 7.0, 40.0, ORGAN_LABELS["esophagus"])
    canvas.paint_tube(_line((2.0, 12.0, 218.0), (0.0, 16.0, 296.0)), 9.0, _AIR_HU, ORGAN_LABELS["trachea"])
    for hilum in HILA:
        canvas.paint_tube(_line((2.0, 12.0, 220.0), hilum), 6.0, _AIR_HU, ORGAN_LABELS["trachea"])


def paint_abdomen(canvas: Canvas, build: Build) -> None:
    """Paint fat, liver, spleen, stomach and kidneys under the diaphragm."""
    top = build.right_dome + 5.0
    part, _ = canvas.slab((-150.0, -100.0, 0.0), (150.0, 100.0, top))
    below = inside_cage(part, build) & (part.z <= dome_height(part, build))
    part.paint(below, FAT_HU)
    below = inside_cage(part, build, 0.02) & (part.z <= dome_height(part, build) - 3.0)
    strength = build.enhancement
    spine = part.distance((0.0, SPINE_Y, 0.0), (34.0, 30.0, np.inf)) <= 1.0
    edge = 46.0 - 0.45 * (part.y + 20.0) - 0.35 * (110.0 - part.z)
    liver = below & (part.x < edge) & ~spine & (part.z > 14.0 + 0.22 * (part.x + 110.0))
    part.paint(liver, 58.0 + 55.0 * strength, ORGAN_LABELS["liver"])

    def inside(other: Canvas) -> Mask:
        return inside_cage(other, build, 0.02) & (other.z <= dome_height(other, build) - 3.0) & (other.labels == 0)

    canvas.paint_ellipsoid(
        (92.0, 42.0, 78.0), (30.0, 36.0, 46.0), 48.0 + 75.0 * strength, ORGAN_LABELS["spleen"], only=inside
    )
    canvas.paint_ellipsoid((64.0, -22.0, 84.0), (44.0, 38.0, 48.0), 25.0, ORGAN_LABELS["stomach"], only=inside)
    canvas.paint_ellipsoid(
        (64.0, -38.0, 96.0), (30.0, 16.0, 26.0), _AIR_HU, only=lambda c: c.labels == ORGAN_LABELS["stomach"]
    )
    for name, x in (("kidney_left", 56.0), ("kidney_right", -54.0)):
        canvas.paint_ellipsoid((x, 58.0, 26.0), (24.0, 20.0, 44.0), 35.0 + 130.0 * strength, ORGAN_LABELS[name])
        canvas.paint_ellipsoid((x * 0.9, 54.0, 26.0), (9.0, 8.0, 20.0), FAT_HU)
    _paint_liver_vessels(canvas, 62.0 + 95.0 * strength)
    canvas.paint_tube(_line((16.0, 38.0, 0.0), (20.0, 40.0, top)), 11.0, 45.0 + 150.0 * strength, ORGAN_LABELS["aorta"])
    canvas.paint_tube(_line((-22.0, 26.0, 0.0), (-22.0, 12.0, top)), 11.0, 40.0 + 100.0 * strength)


def _paint_heart(canvas: Canvas, build: Build, muscle: float, blood: float) -> None:
    label = ORGAN_LABELS["heart"]
    size, floor = build.heart, build.left_dome - 6.0
    centre = (24.0, -22.0, floor + 46.0)

    def in_chest(part: Canvas) -> Mask:
        return inside_cage(part, build, 0.03) & (part.z > dome_height(part, build) + 2.0)

    x, y, z = centre
    sac = (56.0 * size, 46.0 * size, 52.0)
    canvas.paint_ellipsoid(
        centre,
        (sac[0] + 5.0, sac[1] + 5.0, sac[2] + 5.0),
        _MEDIASTINAL_FAT_HU,
        ORGAN_LABELS["mediastinum"],
        only=in_chest,
    )
    canvas.paint_ellipsoid(centre, sac, muscle, label, only=in_chest)
    for shift, semi_axes in (
        ((22.0, 6.0, -8.0), (22.0, 24.0, 28.0)),
        ((-14.0, -12.0, -8.0), (24.0, 22.0, 28.0)),
        ((-22.0, 12.0, 18.0), (22.0, 18.0, 24.0)),
        ((8.0, 26.0, 20.0), (24.0, 15.0, 20.0)),
    ):
        chamber = (x + shift[0] * size, y + shift[1] * size, z + shift[2])
        canvas.paint_ellipsoid(chamber, semi_axes, blood, only=lambda part: part.labels == label)


def _great_vessels() -> list[tuple[NDArray[np.float64], float, str]]:
    """Paths in design mm, radii in mm, organ names."""
    turn = np.linspace(0.0, np.pi, 24)
    arch = np.stack([2.0 + 10.0 * (1 - np.cos(turn)), -8.0 + 24.0 * (1 - np.cos(turn)), 240.0 + 22.0 * np.sin(turn)], 1)
    return [
        (_line((4.0, -8.0, 190.0), (2.0, -8.0, 240.0)), 15.0, "aorta"),
        (arch, 13.0, "aorta"),
        (_line((22.0, 40.0, 240.0), (20.0, 40.0, 100.0)), 12.0, "aorta"),
        (_line((-24.0, -6.0, 190.0), (-22.0, -12.0, 280.0)), 9.0, "superior_vena_cava"),
        (_line((14.0, -14.0, 200.0), (10.0, -6.0, 216.0)), 12.0, "heart"),
        (_line((10.0, -4.0, 214.0), HILA[0]), 9.0, "heart"),
        (_line((12.0, -4.0, 214.0), HILA[1]), 9.0, "heart"),
        (_line((18.0, 2.0, 262.0), (44.0, -4.0, 296.0)), 5.5, "aorta"),
        (_line((-2.0, -2.0, 262.0), (-36.0, -8.0, 296.0)), 5.5, "aorta"),
    ]


def _paint_liver_vessels(canvas: Canvas, hu: float) -> None:
    liver = ORGAN_LABELS["liver"]
    root = (-28.0, 6.0, 70.0)
    for end in (
        (-100.0, 20.0, 80.0),
        (-80.0, 50.0, 100.0),
        (-70.0, -40.0, 110.0),
        (-90.0, -10.0, 45.0),
        (10.0, -40.0, 95.0),
    ):
        for point in _line(root, end, step=3.0):
            canvas.paint_ellipsoid(tuple(point), (3.6, 3.6, 4.5), hu, only=lambda part: part.labels == liver)


def _paint_where_lung(canvas: Canvas, where: Mask, hu: float, name: str) -> None:
    lungs = (canvas.labels == ORGAN_LABELS["lung_left"]) | (canvas.labels == ORGAN_LABELS["lung_right"])
    canvas.paint(where & lungs, hu, ORGAN_LABELS[name])


def _line(start: tuple[float, float, float], end: tuple[float, float, float], step: float = 4.0) -> NDArray[np.float64]:
    a, b = np.asarray(start), np.asarray(end)
    return np.linspace(a, b, max(2, int(np.linalg.norm(b - a) / step)))
