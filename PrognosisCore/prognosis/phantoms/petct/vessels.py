"""Vessels of the lung: the tree every lung has, and large smooth ones close to the tumour that carry no risk.

They are soft tissue on CT, as growth in the periphery is, but smooth, branching and without uptake of their own; they
are drawn without a look at the patient's risk.
"""

from collections.abc import Iterator

import numpy as np

from prognosis.phantoms.petct.chest import Chest
from prognosis.phantoms.petct.scene import Mask, Point, Scene
from prognosis.phantoms.petct.tubes import Tube, paint_tubes

_GENERATIONS, _FIRST_LENGTH_MM, _FIRST_RADIUS_MM = 5, 24.0, 3.2
_SHORTENING, _NARROWING = 0.84, 0.74
_NEAREST_MM, _FARTHEST_MM = 11.0, 22.0


def paint_vessels(scene: Scene, chest: Chest, tumour: Point, radius_mm: float, rng: np.random.Generator) -> Mask:
    """Paint the tree of a lung and two to four large vessels that pass the tumour.

    Args:
        scene: With lung.
        chest: Decides on hilum and blood.
        tumour: Its centre (x, y, z).
        radius_mm: Of the tumour.
        rng: Decides on all branches.

    Returns:
        Voxels [k, j, i] of the large vessels.
    """
    share, passing = np.zeros(scene.hu.shape, np.float32), np.zeros(scene.hu.shape, np.float32)
    paint_tubes(_tree(chest, rng), scene.lattice, share)
    for _ in range(int(rng.integers(2, 5))):
        paint_tubes(_passing(chest, tumour, radius_mm, rng), scene.lattice, passing)
    scene.blend(np.maximum(share, passing) * scene.lung, 0.5 * (40.0 + chest.blood_hu), None)
    large: Mask = (passing >= 0.5) & scene.lung
    return large


def _tree(chest: Chest, rng: np.random.Generator) -> Iterator[Tube]:
    trunks = int(rng.integers(7, 12))
    heads = np.repeat(chest.hilum[None], trunks, axis=0)
    ways = _unit(rng.normal(size=(trunks, 3)) * [0.5, 1.0, 1.0] + [chest.side * 0.7, 0.0, 0.0])
    radius, length = _FIRST_RADIUS_MM, _FIRST_LENGTH_MM
    for _ in range(_GENERATIONS):
        lengths = length * rng.uniform(0.7, 1.3, size=(len(heads), 1))
        bends = heads + 0.5 * lengths * ways
        ends = bends + 0.5 * lengths * _unit(ways + rng.normal(scale=0.22, size=ways.shape))
        for head, bend, end in zip(heads, bends, ends, strict=True):
            yield Tube(head, bend, radius, 0.9 * radius)
            yield Tube(bend, end, 0.9 * radius, _NARROWING * radius)
        ways = np.repeat(_unit(ends - bends), 2, axis=0)
        ways = _unit(ways + rng.normal(scale=0.42, size=ways.shape))
        heads = np.repeat(ends, 2, axis=0)
        radius, length = radius * _NARROWING, length * _SHORTENING


def _passing(chest: Chest, tumour: Point, radius_mm: float, rng: np.random.Generator) -> Iterator[Tube]:
    """A vessel from the hilum's side past the tumour, curved and tapering, with one branch."""
    outward = _unit(rng.normal(size=3) * [1.0, 1.0, 0.5])
    nearest = tumour + (radius_mm + rng.uniform(_NEAREST_MM, _FARTHEST_MM)) * outward
    away = _unit(nearest - chest.hilum + rng.normal(scale=12.0, size=3))
    along = _unit(away - 0.85 * (away @ outward) * outward)
    radius = float(rng.uniform(1.9, 3.0))
    steps = np.linspace(-34.0, 34.0, 8)
    curve = rng.uniform(0.003, 0.008)
    points = nearest + steps[:, None] * along + curve * steps[:, None] ** 2 * outward
    radii = radius * np.linspace(1.2, 0.65, len(steps))
    for at in range(len(steps) - 1):
        yield Tube(points[at], points[at + 1], float(radii[at]), float(radii[at + 1]))
    fork = int(rng.integers(3, 6))
    branch = _unit(along + rng.normal(scale=0.55, size=3))
    yield Tube(points[fork], points[fork] + 14.0 * branch, 0.7 * radius, 0.55 * radius)
    yield Tube(
        points[fork] + 14.0 * branch, points[fork] + 26.0 * _unit(branch + 0.4 * along), 0.55 * radius, 0.35 * radius
    )


def _unit(vectors: Point) -> Point:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
