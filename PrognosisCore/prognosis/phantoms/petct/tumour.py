"""The tumour: placed in a lung, grown to its volume, painted, and outlined by a reader."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from prognosis.phantoms.lesions.lesion_shapes import grow
from prognosis.phantoms.petct.chest import Chest
from prognosis.phantoms.petct.scene import Box, Float, Mask, Point, Scene
from prognosis.phantoms.petct.truth import PatientTruth

_LEAST_FROM_HILUM_MM, _MOST_FROM_HILUM_MM = 31.0, 44.0
_TRIALS = 60
_LOBES, _SPICULES = 6, 12
_TISSUE_HU, _NECROSIS_HU, _MOTTLE_HU = 38.0, -30.0, 14.0
_READER_LOG_SD, _WOBBLE_MM = 0.06, 0.5
_MOTTLE_MM, _WOBBLE_WIDTH_MM = 2.0, 3.5  # SD of the kernels


@dataclass(frozen=True)
class Tumour:
    """A tumour in a box of voxels.

    Args:
        centre: (x, y, z) in mm.
        radius_mm: Of the ball of its volume.
        box: Where in the scene.
        field: Order in which it took voxels, mm along the radius of a smooth tumour.
        surface: The field at its surface.
        mask: Its voxels in the box.
    """

    centre: Point
    radius_mm: float
    box: Box
    field: Float
    surface: float
    mask: Mask

    def whole(self, shape: tuple[int, ...]) -> Mask:
        """Its mask on the whole lattice."""
        return _placed(self.mask, self.box, shape)

    def distances_mm(
        self, voxels: NDArray[np.int64], spacing: tuple[float, float, float], at_most: float
    ) -> NDArray[np.float64]:
        """(n,) mm from its surface to voxels (n, 3), indices k, j, i of the scene; infinite beyond `at_most`."""
        edge = self.mask & ~ndimage.binary_erosion(self.mask)
        surface = np.argwhere(edge) + [part.start for part in self.box]
        distances, _ = cKDTree(surface * spacing[::-1]).query(voxels * spacing[::-1], distance_upper_bound=at_most)
        return distances


def tumour_radius_mm(truth: PatientTruth) -> float:
    """Radius of the ball of the tumour's volume."""
    return float(np.cbrt(truth.volume_ml * 1000.0 * 0.75 / np.pi))


def place_tumour(chest: Chest, radius_mm: float, rng: np.random.Generator) -> Point:
    """Find a centre (x, y, z) in the lung that leaves lung between tumour and hilum."""
    best, room = chest.hilum, -np.inf
    for _ in range(_TRIALS):
        turn, lift = rng.uniform(-1.15, 1.15), rng.uniform(-0.3, 0.3)
        way = np.array([chest.side * np.cos(turn) * np.cos(lift), np.sin(turn) * np.cos(lift), np.sin(lift)])
        centre = chest.hilum + (radius_mm + rng.uniform(_LEAST_FROM_HILUM_MM, _MOST_FROM_HILUM_MM)) * way
        probes = centre + 0.95 * radius_mm * np.vstack([np.eye(3), -np.eye(3)])
        inside = float(chest.is_lung(*probes.T).mean())
        if inside == 1.0:
            return centre
        if inside > room:
            best, room = centre, inside
    return best


def grow_tumour(scene: Scene, truth: PatientTruth, centre: Point, rng: np.random.Generator) -> Tumour:
    """Grow a lobed, spiculated tumour of the true volume in the lung; its shape carries no risk."""
    radius = tumour_radius_mm(truth)
    reach = 1.9 * radius + 6.0
    box = scene.lattice.box(centre - reach, centre + reach)
    positions = scene.lattice.within(box)
    field = _field(tuple(axis - np.float32(at) for axis, at in zip(positions, centre, strict=True)), rng)
    voxels = max(1, round(truth.volume_ml * 1000.0 / scene.lattice.geometry.voxel_volume_mm3))
    mask, surface = grow(field, scene.lung[box], voxels)
    return Tumour(centre, radius, box, field, surface, mask)


def paint_tumour(scene: Scene, tumour: Tumour, suv_mean: float, rng: np.random.Generator) -> None:
    """Paint a tumour with uneven density and uptake whose mean is `suv_mean`."""
    box, depth = tumour.box, tumour.field / np.float32(max(tumour.surface, 1.0))
    necrosis = np.float32(rng.uniform(0.0, 1.0) * (tumour.radius_mm > 14.0)) * np.clip(1.6 - 2.4 * depth, 0.0, 1.0)
    mottle = _blotches(depth.shape, scene, _MOTTLE_MM, rng)
    hu = _TISSUE_HU + _NECROSIS_HU * necrosis + _MOTTLE_HU * mottle
    suv = np.clip(1.0 - 0.75 * necrosis + 0.18 * mottle, 0.15, None)
    suv *= np.float32(suv_mean) / suv[tumour.mask].mean()
    haze = np.clip(1.0 - (tumour.field - tumour.surface) / 2.0, 0.0, 1.0) * scene.lung[box] * np.float32(0.25)
    scene.hu[box] += haze * (np.float32(_TISSUE_HU) - scene.hu[box])
    scene.hu[box][tumour.mask] = hu[tumour.mask]
    scene.suv[box][tumour.mask] = suv[tumour.mask]


def outline(scene: Scene, tumour: Tumour, rng: np.random.Generator) -> Mask:
    """What a reader draws on the scene's lattice: a little more or less, and not quite along the edge."""
    wobble = _WOBBLE_MM * _blotches(tumour.mask.shape, scene, _WOBBLE_WIDTH_MM, rng)
    voxels = np.count_nonzero(tumour.mask) * np.exp(rng.normal(0.0, _READER_LOG_SD))
    mask, _ = grow(tumour.field + wobble, scene.lung[tumour.box], max(1, round(voxels)))
    return _placed(mask, tumour.box, scene.hu.shape)


def _field(offsets: tuple[Float, ...], rng: np.random.Generator) -> Float:
    x, y, z = offsets
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    stretch = np.float32(rng.uniform(1.0, 1.3))
    radius = np.sqrt(x**2 + y**2 + z**2) + np.float32(1e-3)
    along = x * np.float32(axis[0]) + y * np.float32(axis[1]) + z * np.float32(axis[2])
    longer = np.sqrt(np.maximum(stretch * (radius**2 - along**2) + (along / stretch) ** 2, 0.0))
    reach = np.ones(radius.shape, np.float32)
    height = rng.uniform(0.05, 0.5)
    for count, sharpness, top in ((_LOBES, 4.0, 0.3), (_SPICULES, 60.0, height)):
        ways = rng.normal(size=(count, 3))
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        bumps = np.zeros(radius.shape, np.float32)
        for (a, b, c), part in zip(ways.astype(np.float32), rng.uniform(0.3, 1.0, count), strict=True):
            cosine = (x * a + y * b + z * c) / radius
            np.maximum(bumps, np.float32(part * top) * np.exp(np.float32(sharpness) * (cosine - 1.0)), out=bumps)
        reach += bumps
    return longer / reach


def _blotches(shape: tuple[int, ...], scene: Scene, width_mm: float, rng: np.random.Generator) -> Float:
    """Blotches of mean 0 and SD 1, made with a kernel of SD `width_mm`."""
    width = [width_mm / step for step in scene.lattice.geometry.spacing[::-1]]
    blurred = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), width, truncate=2.5)
    return (blurred - blurred.mean()) / (blurred.std() + np.float32(1e-6))


def _placed(mask: Mask, box: Box, shape: tuple[int, ...]) -> Mask:
    whole = np.zeros(shape, np.bool_)
    whole[box] = mask
    return whole
