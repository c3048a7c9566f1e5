"""Where nodes lie in the patient: matrices of the scene (RAS) and geometries of the library (LPS)."""

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

_RIGHT_ANGLES = 1e-3


def world_matrix(node: slicer.vtkMRMLTransformableNode) -> NDArray[np.float64]:
    """The 4x4 matrix from a node's own coordinates to the world's (RAS): all its parent transforms together.

    Raises:
        InputError: One of them is not linear.
    """
    matrix = vtk.vtkMatrix4x4()
    transform = node.GetParentTransformNode()
    if transform is None:
        return np.eye(4)
    if not transform.IsTransformToWorldLinear():
        raise InputError(
            f"'{node.GetName()}' is under a transform that bends or stretches unevenly ('{transform.GetName()}').",
            remedy="Harden the transform on a copy of it (Data module), and choose the copy.",
        )
    transform.GetMatrixTransformToWorld(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def geometry_from(ijk_to_ras: NDArray[np.float64], size: tuple[int, int, int], name: str) -> Geometry:
    """The geometry of a lattice.

    Args:
        ijk_to_ras: 4x4, from index (i, j, k) to the world.
        size: Number of voxels along i, j, k.
        name: Of the node, for messages.

    Raises:
        InputError: The axes are not at right angles, or have no length.
    """
    axes = ijk_to_ras[:3, :3]
    lengths = np.linalg.norm(axes, axis=0)
    if not np.all(np.isfinite(ijk_to_ras)) or lengths.min() <= 0:
        raise InputError(f"The voxels of '{name}' have no size.", remedy="Load the image again.")
    units = axes / lengths
    if np.abs(units.T @ units - np.eye(3)).max() > _RIGHT_ANGLES:
        raise InputError(
            f"The voxel axes of '{name}' are not at right angles.",
            remedy="Resample it onto a straight grid (module Resample Scalar/Vector/DWI Volume).",
        )
    return Geometry.from_affine(RAS_TO_LPS @ ijk_to_ras, size)


def ijk_to_ras(geometry: Geometry) -> vtk.vtkMatrix4x4:
    """The matrix that places a geometry's lattice in the scene."""
    return slicer.util.vtkMatrixFromArray(RAS_TO_LPS @ geometry.affine)


def hardened_note(node: slicer.vtkMRMLTransformableNode) -> tuple[str, ...]:
    """What to tell of a node that is under a (linear) transform."""
    transform = node.GetParentTransformNode()
    if transform is None:
        return ()
    return (f"'{node.GetName()}' was taken where its transform '{transform.GetName()}' puts it",)
