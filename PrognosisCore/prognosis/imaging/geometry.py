"""The voxel lattice of an image in patient space.

Patient coordinates are DICOM's LPS (left, posterior, superior) in millimetres everywhere in the library. Indices and
sizes are written (i, j, k), as ITK does; arrays are indexed [k, j, i].
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LPS_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
_SAME_LATTICE_TOLERANCE_VOXELS = 1e-2


@dataclass(frozen=True)
class Geometry:
    """Where the voxels of an array lie.

    Args:
        size: Number of voxels along i, j, k.
        spacing: Distance between voxel centres along i, j, k, in mm.
        origin: Patient position (LPS, mm) of the centre of voxel (0, 0, 0).
        direction: 3x3 matrix, row by row; its columns are the unit vectors of i, j, k in patient space.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        if min(self.size) < 1 or not np.all(np.isfinite(self.spacing)) or min(self.spacing) <= 0:
            msg = f"Geometry needs sizes >= 1 and spacings > 0, got {self.size} and {self.spacing}"
            raise ValueError(msg)
        if not np.all(np.isfinite((*self.origin, *self.direction))):
            msg = f"Geometry needs a finite origin and direction, got {self.origin} and {self.direction}"
            raise ValueError(msg)
        if len(self.direction) != 9 or abs(np.linalg.det(np.reshape(self.direction, (3, 3)))) < 1e-6:
            msg = f"Geometry needs an invertible 3x3 direction, got {self.direction}"
            raise ValueError(msg)

    @staticmethod
    def from_affine(affine: NDArray[np.float64], size: tuple[int, int, int]) -> "Geometry":
        """Build from a 4x4 index-to-patient matrix (LPS, mm) and a size (i, j, k)."""
        columns = affine[:3, :3]
        spacing = np.linalg.norm(columns, axis=0)
        return Geometry(
            size=size,
            spacing=_triple(spacing),
            origin=_triple(affine[:3, 3]),
            direction=tuple(float(v) for v in (columns / spacing).ravel()),
        )

    @cached_property
    def affine(self) -> NDArray[np.float64]:
        """The 4x4 matrix from index (i, j, k, 1) to patient position (LPS, mm)."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.reshape(self.direction, (3, 3)) * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape [k, j, i] of an array on this lattice."""
        return self.size[2], self.size[1], self.size[0]

    @property
    def voxel_volume_mm3(self) -> float:
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def obliquity_degrees(self) -> float:
        """The largest angle between an image axis and the patient axis nearest to it."""
        cosines = np.abs(np.reshape(self.direction, (3, 3))).max(axis=0)
        return float(np.degrees(np.arccos(np.clip(cosines, 0.0, 1.0))).max())

    @property
    def orientation(self) -> str:
        """Three letters: the patient direction towards which i, j and k grow ('LPS' is DICOM's axial default)."""
        axes, signs = self._nearest_axes()
        return "".join(_LPS_LETTERS[axis][sign > 0] for axis, sign in zip(axes, signs, strict=True))

    def to_patient(self, indices: ArrayLike) -> NDArray[np.float64]:
        """Map indices (..., 3) in i, j, k order to patient positions (..., 3) in mm."""
        return np.asarray(indices, float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def to_index(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map patient positions (..., 3) in mm to continuous indices (..., 3) in i, j, k order."""
        return (np.asarray(points, float) - self.affine[:3, 3]) @ np.linalg.inv(self.affine[:3, :3]).T

    def crop(self, start: tuple[int, int, int], size: tuple[int, int, int]) -> "Geometry":
        """The lattice of a box of voxels that starts at index `start` (i, j, k)."""
        return Geometry(size, self.spacing, _triple(self.to_patient(start)), self.direction)

    def reoriented_to_lps(self) -> tuple["Geometry", tuple[int, int, int], tuple[bool, bool, bool]]:
        """Return the lattice with axes permuted and flipped to the nearest LPS orientation.

        Returns:
            The new geometry; for each new axis (i, j, k) the old axis it comes from; whether that axis is flipped.
        """
        axes, signs = self._nearest_axes()
        sources = tuple(int(axes.index(patient_axis)) for patient_axis in range(3))
        flips = tuple(bool(signs[source] < 0) for source in sources)
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1.0
        corner = np.zeros(3)
        for new, (old, flip) in enumerate(zip(sources, flips, strict=True)):
            matrix[:3, new] = self.affine[:3, old] * (-1.0 if flip else 1.0)
            corner[old] = self.size[old] - 1 if flip else 0
        matrix[:3, 3] = self.to_patient(corner)
        size = (self.size[sources[0]], self.size[sources[1]], self.size[sources[2]])
        return Geometry.from_affine(matrix, size), (sources[0], sources[1], sources[2]), (flips[0], flips[1], flips[2])

    def lattice_map_from(self, other: "Geometry") -> NDArray[np.int64] | None:
        """The integer 3x4 map from indices of `other` to indices of this lattice, or None.

        It exists when both share one lattice up to crop, flip and permutation: every voxel centre of `other` then
        falls on a voxel centre here (to a hundredth of a voxel).
        """
        matrix = (np.linalg.inv(self.affine) @ other.affine)[:3]
        rounded = np.rint(matrix)
        if not np.array_equal(np.sort(np.abs(rounded[:, :3]), axis=0), [[0] * 3, [0] * 3, [1] * 3]):
            return None
        corners = np.array([[i, j, k, 1] for i in (0, 1) for j in (0, 1) for k in (0, 1)], float)
        corners[:, :3] *= np.asarray(other.size) - 1
        if np.abs(corners @ (matrix - rounded).T).max() > _SAME_LATTICE_TOLERANCE_VOXELS:
            return None
        return rounded.astype(np.int64)

    def is_close_to(self, other: "Geometry") -> bool:
        """Whether both describe the same voxels in the same order."""
        mapping = self.lattice_map_from(other)
        return self.size == other.size and mapping is not None and np.array_equal(mapping, np.eye(3, 4))

    def _nearest_axes(self) -> tuple[list[int], list[float]]:
        """For each of i, j, k: the patient axis it runs along, and the sign; a permutation by construction."""
        cosines = np.reshape(self.direction, (3, 3))
        axes = [-1, -1, -1]
        for flat in np.argsort(-np.abs(cosines), axis=None, kind="stable"):
            patient_axis, axis = divmod(int(flat), 3)
            if axes[axis] < 0 and patient_axis not in axes:
                axes[axis] = patient_axis
        return axes, [float(cosines[patient_axis, axis]) for axis, patient_axis in enumerate(axes)]


def _triple(values: ArrayLike) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in np.asarray(values, float))
    return x, y, z
