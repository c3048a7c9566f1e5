"""The CT of the scene: checked, placed in patient space, and written for the worker."""

from pathlib import Path

import numpy as np
import slicer

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.scalar.files import MODALITY_KEY, PHANTOM_KEY
from prognosis.imaging.volume import Volume
from prognosis_slicer.scene.headers import header_of_unchanged
from prognosis_slicer.scene.nrrd_files import write_nrrd
from prognosis_slicer.scene.places import geometry_from, hardened_note, world_matrix

_CHOOSE_CT = "Choose the patient's CT."
_REFUSED = (
    ("vtkMRMLLabelMapVolumeNode", "is a label map, not an image"),
    ("vtkMRMLTensorVolumeNode", "holds several values a voxel (colour, vectors or time)"),
    ("vtkMRMLVectorVolumeNode", "holds several values a voxel (colour, vectors or time)"),
)


def image_of(node: slicer.vtkMRMLScalarVolumeNode | None) -> Volume:
    """The image a volume node shows, where the scene shows it.

    Args:
        node: A scalar volume, also one that a sequence browser replaces. Linear transforms above it are applied to the
            returned geometry only: the node stays as it is.

    Returns:
        The volume; its array is a view of the node's voxels, not a copy.

    Raises:
        InputError: There is no node, or it is no image of one value a voxel in three dimensions, or it cannot be
            placed.
    """
    geometry = image_geometry(node)
    array = slicer.util.arrayFromVolume(node)
    _check_values(array, node.GetName())
    header = header_of_unchanged(node)
    return Volume(
        array=array,
        geometry=geometry,
        modality=_dicom_modality(node) or header.get(MODALITY_KEY) or None,
        phantom=header.get(PHANTOM_KEY) or None,
        notes=hardened_note(node),
    )


def image_geometry(node: slicer.vtkMRMLScalarVolumeNode | None) -> Geometry:
    """Where the voxels of a volume node lie in the world; its values are not looked at.

    Raises:
        InputError: As `image_of`.
    """
    if node is None:
        raise InputError("No image is chosen.", remedy=_CHOOSE_CT)
    _check_kind(node)
    matrix = world_matrix(node) @ slicer.util.arrayFromVTKMatrix(_own_matrix(node))
    return geometry_from(matrix, node.GetImageData().GetDimensions(), node.GetName())


def write_image(node: slicer.vtkMRMLScalarVolumeNode | None, path: Path) -> Volume:
    """Write the image of a volume node for the worker.

    Args:
        node: As `image_of` takes it.
        path: A `.nrrd` file; not compressed.

    Returns:
        What was written.

    Raises:
        InputError: As `image_of`.
        UsageError: The file cannot be written.
    """
    image = image_of(node)
    remarks = {MODALITY_KEY: image.modality, PHANTOM_KEY: image.phantom}
    keys = {key: text for key, text in remarks.items() if text}
    write_nrrd(path, image.geometry, [image.array], image.array.dtype, keys=keys)
    return image


def _check_kind(node: slicer.vtkMRMLScalarVolumeNode) -> None:
    name = node.GetName()
    for kind, words in _REFUSED:
        if node.IsA(kind):
            raise InputError(f"'{name}' {words}.", remedy=_CHOOSE_CT)
    if not node.IsA("vtkMRMLScalarVolumeNode"):
        raise InputError(f"'{name}' is no image.", remedy=_CHOOSE_CT)
    data = node.GetImageData()
    if data is None or data.GetPointData().GetScalars() is None:
        raise InputError(f"'{name}' holds no voxels.", remedy="Load it again, or choose another image.")
    if data.GetNumberOfScalarComponents() != 1:
        raise InputError(f"'{name}' holds several values a voxel (colour, vectors or time).", remedy=_CHOOSE_CT)
    if min(data.GetDimensions()) < 2:
        sizes = " x ".join(map(str, data.GetDimensions()))
        raise InputError(f"'{name}' is flat ({sizes} voxels); a CT needs at least 2 slices.", remedy=_CHOOSE_CT)


def _check_values(array: np.ndarray, name: str) -> None:
    if array.dtype.kind == "f" and not all(np.isfinite(part).all() for part in array):
        raise InputError(f"'{name}' holds voxels that are NaN or infinite.", remedy="Load or export the image again.")
    lowest = array.flat[0]
    if all((part == lowest).all() for part in array):
        raise InputError(f"All voxels of '{name}' are {lowest:g}.", remedy=_CHOOSE_CT)


def _own_matrix(node: slicer.vtkMRMLScalarVolumeNode):
    matrix = slicer.util.vtkMatrixFromArray(np.eye(4))
    node.GetIJKToRASMatrix(matrix)
    return matrix


def _dicom_modality(node: slicer.vtkMRMLScalarVolumeNode) -> str | None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = hierarchy.GetItemByDataNode(node) if hierarchy is not None else 0
    if not item:
        return None
    name = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMSeriesModalityAttributeName()
    return hierarchy.GetItemAttribute(item, name).strip().upper() or None
