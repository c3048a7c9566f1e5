"""One person's chest at the height of the hilum: lung, wall, mediastinum and the liver's dome.

Positions are in mm from the middle of the chest at the hilum: x to the patient's left, y to the back, z upwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.phantoms.petct.scene import Float, Lattice, Mask, Point, Scene
from prognosis.phantoms.petct.tubes import Tube, paint_tubes

_HALF_WIDTH_MM, _HALF_DEPTH_MM, _ROUNDNESS = 138.0, 94.0, 2.4
_SPINE_Y = 80.0
_RIB_DISTANCE_MM, _RIB_SLOPE, _RIB_PART = 25.0, 0.5, 0.42
_WALL_MM = 9.0
_LUNG_HU, _AIR_HU, _FAT_HU, _MUSCLE_HU = -850.0, -1000.0, -95.0, 48.0
_FAT_SUV, _MUSCLE_SUV = 0.3, 0.7
_GRAIN_MM, _GRAIN_HU, _GRAVITY_HU = 6.0, 22.0, 30.0


@dataclass(frozen=True)
class Chest:
    """A person's build: none of it carries risk.

    Args:
        side: 1 where the tumour is in the left lung, -1 in the right.
        size: Against the average.
        fat_mm: Under the skin.
        rib_phase: Where along z the ribs lie, 0 to 1.
        dome: Height of the diaphragm, mm.
        heart: Size of the heart against the average.
        blood_hu: Density of blood, higher with contrast medium.
        uptake: Background uptake against the average.
        lung_suv, blood_suv, liver_suv: Uptake of tissues.
    """

    side: int
    size: float
    fat_mm: float
    rib_phase: float
    dome: float
    heart: float
    blood_hu: float
    uptake: float
    lung_suv: float
    blood_suv: float
    liver_suv: float

    @staticmethod
    def draw(rng: np.random.Generator) -> "Chest":
        """Draw a build."""
        uptake = float(np.exp(rng.normal(0.0, 0.12)))
        return Chest(
            side=1 if rng.random() < 0.45 else -1,
            size=float(rng.uniform(0.93, 1.1)),
            fat_mm=float(rng.uniform(6.0, 28.0)),
            rib_phase=float(rng.random()),
            dome=float(rng.uniform(-90.0, -62.0)),
            heart=float(rng.uniform(0.9, 1.12)),
            blood_hu=float(45.0 + 110.0 * max(0.0, rng.uniform(-0.6, 1.0))),
            uptake=uptake,
            lung_suv=float(rng.uniform(0.4, 0.6)) * uptake,
            blood_suv=float(rng.uniform(1.5, 2.0)) * uptake,
            liver_suv=float(rng.uniform(1.9, 2.6)) * uptake,
        )

    @property
    def hilum(self) -> Point:
        """Where vessels and bronchi of the tumour's lung enter it."""
        return np.array([self.side * 44.0 * self.size, 8.0, 0.0])

    def wall_depth(self, x: NDArray, y: NDArray, z: NDArray) -> NDArray:
        """How far outside the pleura of the chest wall positions lie, mm; negative inside."""
        a, b = _HALF_WIDTH_MM * self.size, _HALF_DEPTH_MM * self.size
        across = (np.abs(x) / np.float32(a)) ** np.float32(_ROUNDNESS)
        along = (np.abs(y) / np.float32(b)) ** np.float32(_ROUNDNESS)
        ring = across + along
        reach = (across * np.float32(a) + along * np.float32(b)) / np.float32(_ROUNDNESS) / np.maximum(ring, 1e-3)
        narrowing = 1.0 + 0.22 * np.clip((z - 20.0) / 70.0, 0.0, 1.0) ** 2
        return (ring * narrowing - 1.0) * reach

    def is_lung(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Whether positions lie in a lung."""
        inside = self.wall_depth(x, y, z) < 0.0
        return inside & (z > self._dome(x, y)) & ~self._mediastinum(x, y, z) & ~self._beside_spine(x, y)

    def paint(self, lattice: Lattice, rng: np.random.Generator) -> Scene:
        """Paint the chest without vessels or tumour."""
        x, y, z = lattice.x, lattice.y, lattice.z
        depth = self.wall_depth(x, y, z).astype(np.float32)
        lung = self.is_lung(x, y, z)
        scene = Scene(lattice, _parenchyma(lattice, rng), np.full(depth.shape, self.lung_suv, np.float32), lung)
        self._paint_wall(scene, depth)
        inside = ~lung & (depth < 0.0)
        below = inside & (z <= self._dome(x, y))
        middle = inside & ~below
        scene.fill(below, 58.0, self.liver_suv if self.side < 0 else 0.8 * self.liver_suv)
        scene.fill(middle, _FAT_HU, _FAT_SUV)
        self._paint_mediastinum(scene, middle)
        self._paint_spine(scene)
        self._paint_hilum(scene)
        return scene

    def _dome(self, x: NDArray, y: NDArray) -> NDArray:
        across = (np.abs(x) - 70.0 * self.size) / (70.0 * self.size)
        along = y / (95.0 * self.size)
        return self.dome - 38.0 * (across**2 + along**2)

    def _mediastinum(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        half = (27.0 + 5.0 * np.cos(y / 22.0)) * self.size
        heart = ((x - 26.0) / 58.0) ** 2 + ((y + 26.0) / 46.0) ** 2 + ((z + 72.0) / 62.0) ** 2
        return (np.abs(x - 3.0) < half) | (heart < self.heart**2)

    def _beside_spine(self, x: NDArray, y: NDArray) -> Mask:
        return (x / 34.0) ** 2 + ((y - _SPINE_Y * self.size) / 30.0) ** 2 < 1.0

    def _paint_wall(self, scene: Scene, depth: Float) -> None:
        """Ribs between muscles, fat, skin and the air around."""
        k, j, i = np.nonzero(depth >= 0.0)
        at = depth[k, j, i]
        y, z = scene.lattice.y.ravel()[j], scene.lattice.z.ravel()[k]
        rib = ((z - _RIB_SLOPE * y) / _RIB_DISTANCE_MM + self.rib_phase) % 1.0
        off = np.abs(rib - 0.5) / (0.5 * _RIB_PART)
        in_rib = (off < 1.0) & (at > 1.0) & (at < _WALL_MM)
        marrow = in_rib & (off < 0.66) & (np.abs(at - 5.0) < 2.6)
        muscle = (at < _WALL_MM) | ((at > _WALL_MM + 3.0) & (at < _WALL_MM + 14.0))
        skin = at > _WALL_MM + 14.0 + self.fat_mm
        hu = np.where(muscle, _MUSCLE_HU, _FAT_HU)
        hu = np.where(in_rib, np.where(marrow, 190.0, 480.0), hu)
        hu = np.where(skin, np.where(at < _WALL_MM + 16.0 + self.fat_mm, 20.0, _AIR_HU), hu)
        suv = np.where(muscle, _MUSCLE_SUV, _FAT_SUV) * self.uptake
        suv = np.where(marrow, 1.0 * self.uptake, suv)
        suv = np.where(hu == _AIR_HU, 0.0, suv)
        scene.hu[k, j, i] = hu
        scene.suv[k, j, i] = suv

    def _paint_mediastinum(self, scene: Scene, middle: Mask) -> None:
        x, y, z = scene.lattice.x, scene.lattice.y, scene.lattice.z
        heart = ((x - 26.0) / 53.0) ** 2 + ((y + 26.0) / 41.0) ** 2 + ((z + 72.0) / 56.0) ** 2 < self.heart**2
        scene.fill(middle & heart, 0.5 * (_MUSCLE_HU + self.blood_hu), 1.3 * self.blood_suv)
        for cx, cy, radius in ((-6.0, -26.0, 15.0), (24.0, 50.0, 12.0), (-22.0, -10.0, 9.0)):
            vessel = middle & ((x - cx) ** 2 + (y - cy) ** 2 < radius**2)
            scene.fill(vessel, self.blood_hu, self.blood_suv)
        scene.fill(middle & ((x - 4.0) ** 2 + (y - 38.0) ** 2 < 7.0**2), 35.0, 1.2 * self.uptake)
        trachea = (x**2 + (y - 14.0) ** 2 < 8.5**2) & (z > 8.0)
        scene.fill(middle & trachea, _AIR_HU, 0.2 * self.lung_suv)

    def _paint_spine(self, scene: Scene) -> None:
        x, y = scene.lattice.x, scene.lattice.y - np.float32(_SPINE_Y * self.size)
        beside = np.broadcast_to((x / 33.0) ** 2 + (y / 29.0) ** 2 < 1.0, scene.hu.shape)
        scene.fill(beside, _MUSCLE_HU, _MUSCLE_SUV * self.uptake)
        body = (x / 17.0) ** 2 + ((y + 4.0) / 15.0) ** 2
        scene.fill(np.broadcast_to(body < 1.0, scene.hu.shape), 420.0, 1.0 * self.uptake)
        scene.fill(np.broadcast_to(body < 0.8, scene.hu.shape), 180.0, 1.3 * self.uptake)

    def _paint_hilum(self, scene: Scene) -> None:
        """Great vessels and the bronchus on their way into the lung."""
        hilum, outward = self.hilum, np.array([self.side * 1.0, 0.0, 0.0])
        root = np.array([self.side * 18.0, 4.0, 0.0])
        vessels, bronchus, lumen = (np.zeros(scene.hu.shape, np.float32) for _ in range(3))
        branches = [(0.0, -8.0, 4.0, 8.5), (4.0, 2.0, -12.0, 7.0), (2.0, 10.0, 14.0, 5.5)]
        paint_tubes(
            (Tube(root, hilum + np.array([self.side * dx, dy, dz]), 9.0, radius) for dx, dy, dz, radius in branches),
            scene.lattice,
            vessels,
        )
        scene.blend(vessels, self.blood_hu, self.blood_suv)
        start = np.array([self.side * 4.0, 14.0, 12.0])
        ends = (
            hilum + np.array([0.0, 4.0, 2.0]),
            hilum + 22.0 * outward + np.array([0.0, -8.0, 12.0]),
            hilum + 22.0 * outward + np.array([0.0, 12.0, -10.0]),
        )
        ways = [(start, ends[0], 6.5, 5.0), (ends[0], ends[1], 4.4, 2.6), (ends[0], ends[2], 4.4, 2.6)]
        paint_tubes((Tube(a, b, ra + 1.3, rb + 1.0) for a, b, ra, rb in ways), scene.lattice, bronchus)
        paint_tubes((Tube(a, b, ra, rb) for a, b, ra, rb in ways), scene.lattice, lumen)
        scene.blend(bronchus, 0.0, 0.8 * self.uptake)
        scene.blend(lumen, -980.0, 0.2 * self.lung_suv)


def _parenchyma(lattice: Lattice, rng: np.random.Generator) -> Float:
    """Lung everywhere: denser where blood sinks to, and a little uneven."""
    shape = lattice.geometry.shape
    steps = [_GRAIN_MM / step for step in lattice.geometry.spacing[::-1]]
    coarse = [int(np.ceil(n / step)) + 2 for n, step in zip(shape, steps, strict=True)]
    grain = rng.standard_normal(coarse, np.float32) * np.float32(1.6 * _GRAIN_HU)
    smooth = ndimage.affine_transform(
        grain, [1.0 / step for step in steps], output_shape=shape, order=1, mode="nearest"
    )
    return smooth + np.float32(_LUNG_HU) + np.float32(_GRAVITY_HU / _HALF_DEPTH_MM) * lattice.y
