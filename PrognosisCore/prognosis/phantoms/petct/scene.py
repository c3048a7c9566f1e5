"""What is painted: density and uptake on one lattice, with the positions of its voxels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.geometry import Geometry

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Point = NDArray[np.float64]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Lattice:
    """A lattice along the patient's axes.

    Args:
        geometry: LPS, without rotation.
        x: Position of each column towards the patient's left, mm, shaped (1, 1, i).
        y: Position towards the back, mm, shaped (1, j, 1).
        z: Position upwards, mm, shaped (k, 1, 1).
    """

    geometry: Geometry
    x: Float
    y: Float
    z: Float

    @staticmethod
    def around(centre: Point, extent_mm: tuple[float, float, float], spacing: tuple[float, float, float]) -> "Lattice":
        """The lattice of an extent around a point."""
        i, j, k = (max(1, round(length / step)) for length, step in zip(extent_mm, spacing, strict=True))
        corner = np.asarray(centre) - 0.5 * (np.array([i, j, k]) - 1) * spacing
        return Lattice.of(
            Geometry(
                (i, j, k), spacing, (round(float(corner[0]), 3), round(float(corner[1]), 3), round(float(corner[2]), 3))
            )
        )

    @staticmethod
    def of(geometry: Geometry) -> "Lattice":
        """The positions of an unrotated geometry."""
        x, y, z = (
            (start + step * np.arange(n)).astype(np.float32)
            for start, step, n in zip(geometry.origin, geometry.spacing, geometry.size, strict=True)
        )
        return Lattice(geometry, x[None, None, :], y[None, :, None], z[:, None, None])

    def box(self, low: Point, high: Point) -> Box:
        """The slices [k, j, i] of the voxels between two corners (x, y, z); empty ones outside the lattice."""
        cuts = [
            slice(*np.searchsorted(axis.ravel(), (a, b)))
            for axis, a, b in zip((self.x, self.y, self.z), low, high, strict=True)
        ]
        return cuts[2], cuts[1], cuts[0]

    def within(self, box: Box) -> tuple[Float, Float, Float]:
        """Positions x, y, z of the voxels of a box, shaped to broadcast."""
        k, j, i = box
        return self.x[:, :, i], self.y[:, j], self.z[k]

    def points(self, mask: Mask) -> NDArray[np.float64]:
        """Positions (n, 3) of the voxels of a mask of the whole lattice."""
        return self.geometry.to_patient(np.argwhere(mask)[:, ::-1])


@dataclass(frozen=True)
class Scene:
    """A body being painted.

    Args:
        lattice: Where its voxels lie.
        hu: Density [k, j, i].
        suv: Uptake [k, j, i].
        lung: Where lung is, whatever grows in it [k, j, i].
    """

    lattice: Lattice
    hu: Float
    suv: Float
    lung: Mask

    def copy(self) -> "Scene":
        return Scene(self.lattice, self.hu.copy(), self.suv.copy(), self.lung)

    def fill(self, where: Mask, hu: float, suv: float) -> None:
        """Set the tissue of some voxels."""
        self.hu[where] = hu
        self.suv[where] = suv

    def blend(self, share: Float, hu: float, suv: float | None, box: Box = (slice(None),) * 3) -> None:
        """Replace a share, 0 to 1, of what voxels of a box hold; an uptake of None leaves theirs."""
        self.hu[box] += share * (np.float32(hu) - self.hu[box])
        if suv is not None:
            self.suv[box] += share * (np.float32(suv) - self.suv[box])
