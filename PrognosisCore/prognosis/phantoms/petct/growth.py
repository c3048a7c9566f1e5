"""Growth in the tumour's periphery, which carries risk: beaded tubes and satellites with mild uptake."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.phantoms.petct.chest import Chest
from prognosis.phantoms.petct.scene import Mask, Point, Scene
from prognosis.phantoms.petct.truth import PatientTruth
from prognosis.phantoms.petct.tubes import Tube, paint_tubes
from prognosis.phantoms.petct.tumour import Tumour

NEAREST_MM, FARTHEST_MM = 10.0, 25.0
FACING_DEGREES = 45.0
_SEEDS_DEGREES = 36.0
_TILT_DEGREES = 8.0
_STEEPEST_DEGREES = 30.0
_VOLUME_MM3 = 1700.0  # at a burden of 1
_HALF_REGION_MM = np.array([45.0, 45.0, 21.0])  # what the networks see is 96 x 96 x 48 mm
_MOST_GROWTHS, _TRIALS, _PROBES = 40, 40, 24
_ENOUGH_LUNG = 0.7
_TISSUE_HU = 32.0
_LEAST_SUV, _MOST_SUV = 5.0, 6.5  # of which the scanner's blur leaves a third


@dataclass(frozen=True)
class Growth:
    """What grows around a tumour.

    Args:
        mask: Its voxels on the scene's lattice; none where the burden is 0.
        hilum_angle_degrees: Between its middle and the hilum as seen from the tumour; NaN without growth.
    """

    mask: Mask
    hilum_angle_degrees: float


def plant_growth(scene: Scene, chest: Chest, tumour: Tumour, truth: PatientTruth, rng: np.random.Generator) -> Growth:
    """Plant tubes and satellites 10 to 25 mm outside the tumour until their volume is that of the burden."""
    mask = np.zeros(scene.hu.shape, np.bool_)
    if truth.burden == 0.0:
        return Growth(mask, float("nan"))
    to_hilum = _unit(chest.hilum - tumour.centre)
    towards = _direction(chest, tumour, to_hilum, truth.faces_hilum, rng)
    reach = np.minimum(_HALF_REGION_MM, tumour.radius_mm + 35.0)
    box = scene.lattice.box(tumour.centre - reach, tumour.centre + reach)
    allowed = _shell(scene, tumour, to_hilum if truth.faces_hilum else towards, box)
    seeds = scene.lattice.points(allowed)
    seeds = seeds[_angle(seeds - tumour.centre, towards) <= _SEEDS_DEGREES]
    if not len(seeds):
        return Growth(mask, float("nan"))
    share = np.zeros(scene.hu.shape, np.float32)
    wanted = truth.burden * _VOLUME_MM3 / scene.lattice.geometry.voxel_volume_mm3
    for _ in range(_MOST_GROWTHS):
        paint_tubes(_one_growth(seeds[rng.integers(len(seeds))], tumour.centre, rng), scene.lattice, share)
        share[box] *= allowed[box]
        mask[box] = share[box] >= 0.5
        if np.count_nonzero(mask[box]) >= wanted:
            break
    scene.blend(share[box], _TISSUE_HU, float(rng.uniform(_LEAST_SUV, _MOST_SUV)), box)
    middle = scene.lattice.points(mask).mean(axis=0) - tumour.centre
    return Growth(mask, float(_angle(middle[None], to_hilum)[0]))


def _direction(chest: Chest, tumour: Tumour, to_hilum: Point, faces_hilum: bool, rng: np.random.Generator) -> Point:
    """The common direction of a patient's growths, one into enough lung."""
    if faces_hilum:
        return _unit(to_hilum + np.tan(np.radians(_TILT_DEGREES)) * rng.uniform(-0.7, 0.7, size=3))
    best, most = to_hilum, -1.0
    for _ in range(_TRIALS):
        way = _unit(rng.normal(size=3))
        if abs(way[2]) > np.sin(np.radians(_STEEPEST_DEGREES)):
            continue
        spread = _unit(way + rng.normal(scale=0.35, size=(_PROBES, 3)))
        probes = tumour.centre + (tumour.radius_mm + rng.uniform(NEAREST_MM, FARTHEST_MM, (_PROBES, 1))) * spread
        lung = float(chest.is_lung(*probes.T).mean())
        if lung > most:
            best, most = way, lung
        if lung >= _ENOUGH_LUNG:
            break
    return best


def _shell(scene: Scene, tumour: Tumour, towards: Point, box: tuple[slice, slice, slice]) -> Mask:
    """Voxels of lung 10 to 25 mm outside the tumour and within 45 degrees of a direction."""
    lattice = scene.lattice
    x, y, z = (axis - np.float32(at) for axis, at in zip(lattice.within(box), tumour.centre, strict=True))
    way = towards.astype(np.float32)
    radius = np.sqrt(x**2 + y**2 + z**2)
    cone = x * way[0] + y * way[1] + z * way[2] >= np.float32(np.cos(np.radians(FACING_DEGREES))) * radius
    candidates = np.argwhere(cone & scene.lung[box] & (radius > 0.6 * tumour.radius_mm + NEAREST_MM))
    candidates += [part.start for part in box]
    return _in_shell(candidates, tumour, scene)


def in_periphery(mask: Mask, tumour: Tumour, scene: Scene) -> Mask:
    """The part of a mask [k, j, i] that lies 10 to 25 mm outside a tumour."""
    return _in_shell(np.argwhere(mask), tumour, scene)


def _in_shell(voxels: NDArray[np.int64], tumour: Tumour, scene: Scene) -> Mask:
    distance = tumour.distances_mm(voxels, scene.lattice.geometry.spacing, FARTHEST_MM)
    k, j, i = voxels[(distance >= NEAREST_MM) & (distance <= FARTHEST_MM)].T
    shell = np.zeros(scene.lung.shape, np.bool_)
    shell[k, j, i] = True
    return shell


def _one_growth(seed: Point, centre: Point, rng: np.random.Generator) -> Iterator[Tube]:
    """A satellite, or a winding tube of beads."""
    if rng.random() < 0.45:
        radius = float(rng.uniform(2.3, 4.2))
        yield Tube(seed, seed + rng.normal(scale=0.6, size=3), radius, 0.9 * radius)
        return
    way = _unit(rng.normal(size=3) + rng.choice([-1.0, 1.0]) * _unit(seed - centre))
    step, radius = float(rng.uniform(3.0, 5.0)), float(rng.uniform(1.6, 2.4))
    at, thick = seed, radius
    for _ in range(4):
        after, next_thick = at + step * way, radius * float(rng.uniform(0.65, 1.35))
        yield Tube(at, after, thick, next_thick)
        at, thick = after, next_thick
        way = _unit(way + rng.normal(scale=0.45, size=3))


def _angle(ways: NDArray[np.float64], towards: Point) -> NDArray[np.float64]:
    """Degrees between vectors (n, 3) and a unit vector."""
    return np.degrees(np.arccos(np.clip(_unit(ways) @ towards, -1.0, 1.0)))


def _unit(vectors: Point) -> Point:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
