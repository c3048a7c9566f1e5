"""The lattice a phantom is painted on, with the positions of its voxels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.geometry import Geometry

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

# The anatomy is written for this field of view (mm) and stretched to fill the one asked for.
_DESIGN_FIELD_OF_VIEW_MM = (358.4, 281.6, 300.0)


@dataclass(frozen=True)
class Canvas:
    """Hounsfield units and organ labels being painted.

    Args:
        geometry: The lattice; patient axes, so that i runs left, j backwards and k up.
        hu: Values [k, j, i].
        labels: Organ labels [k, j, i], 0 outside every organ.
        x: Design position of each column towards the patient's left, mm from the middle, shaped (1, 1, i).
        y: Design position towards the back, mm from the middle, shaped (1, j, 1).
        z: Design position upwards, mm from the lowest slice, shaped (k, 1, 1).
    """

    geometry: Geometry
    hu: Float
    labels: NDArray[np.uint8]
    x: Float
    y: Float
    z: Float

    @staticmethod
    def blank(size: tuple[int, int, int], spacing: tuple[float, float, float]) -> "Canvas":
        """A canvas of air, its middle at the patient origin in the plane."""
        origin = tuple(-0.5 * (n - 1) * s for n, s in zip(size, spacing, strict=True))
        geometry = Geometry(size, spacing, (origin[0], origin[1], origin[2]))
        axes = [
            ((np.arange(n) + 0.5) / n * extent).astype(np.float32)
            for n, extent in zip(size, _DESIGN_FIELD_OF_VIEW_MM, strict=True)
        ]
        return Canvas(
            geometry=geometry,
            hu=np.full(geometry.shape, -1000.0, np.float32),
            labels=np.zeros(geometry.shape, np.uint8),
            x=(axes[0] - 0.5 * _DESIGN_FIELD_OF_VIEW_MM[0])[None, None, :],
            y=(axes[1] - 0.5 * _DESIGN_FIELD_OF_VIEW_MM[1])[None, :, None],
            z=axes[2][:, None, None],
        )

    def slab(self, low: tuple[float, float, float], high: tuple[float, float, float]) -> tuple["Canvas", bool]:
        """The part between two design corners (x, y, z), sharing the same memory; and whether any voxel lies in it."""
        cuts = [
            slice(*np.searchsorted(axis.ravel(), (a, b)))
            for axis, a, b in zip((self.x, self.y, self.z), low, high, strict=True)
        ]
        i, j, k = cuts
        part = Canvas(self.geometry, self.hu[k, j, i], self.labels[k, j, i], self.x[:, :, i], self.y[:, j], self.z[k])
        return part, part.hu.size > 0

    def paint(self, where: Mask, hu: float, label: int | None = None) -> None:
        """Set the values, and the label where one is given, of some voxels."""
        self.hu[where] = hu
        if label is not None:
            self.labels[where] = label

    def paint_ellipsoid(
        self,
        centre: tuple[float, float, float],
        semi_axes: tuple[float, float, float],
        hu: float,
        label: int | None = None,
        *,
        only: Callable[["Canvas"], Mask] | None = None,
    ) -> None:
        """Paint an upright ellipsoid, where `only` allows it."""
        low = tuple(c - a for c, a in zip(centre, semi_axes, strict=True))
        high = tuple(c + a for c, a in zip(centre, semi_axes, strict=True))
        part, any_voxel = self.slab((low[0], low[1], low[2]), (high[0], high[1], high[2]))
        if not any_voxel:
            return
        inside = part.distance(centre, semi_axes) <= 1.0
        if only is not None:
            inside &= only(part)
        part.paint(inside, hu, label)

    def paint_tube(self, path: NDArray[np.float64], radius: float, hu: float, label: int | None = None) -> None:
        """Paint a string of beads (points (n, 3) in design mm) close enough to read as a vessel."""
        for x, y, z in path:
            self.paint_ellipsoid((x, y, z), (radius, radius, radius + 2.0), hu, label)

    def distance(self, centre: tuple[float, float, float], semi_axes: tuple[float, float, float]) -> Float:
        """Squared distance from a centre in units of the semi-axes: at most 1 inside the ellipsoid."""
        (cx, cy, cz), (ax, ay, az) = centre, semi_axes
        return ((self.x - cx) / ax) ** 2 + ((self.y - cy) / ay) ** 2 + ((self.z - cz) / az) ** 2
