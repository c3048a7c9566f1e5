"""Segments of the scene as small masks in patient space, one for each chosen segment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from scipy import ndimage
from vtk.util.numpy_support import vtk_to_numpy

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import tidy_name
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.segmentation.islands import split_into_islands
from prognosis.imaging.segmentation.labelmaps import lesion_in_box
from prognosis_slicer.scene.places import geometry_from, hardened_note, world_matrix
from prognosis_slicer.scene.segment_labelmaps import binary_labelmaps

_MOST_LISTED = 10


@dataclass(frozen=True)
class ChosenSegments:
    """The chosen segments that hold voxels.

    Args:
        segment_ids: In the order they were chosen.
        lesions: A mask for each; its `label` is its place in that order, from 1.
        notes: What was done or left out, in words for the user.
    """

    segment_ids: tuple[str, ...]
    lesions: tuple[LesionMask, ...]
    notes: tuple[str, ...] = ()

    def owners(self, *, split_components: bool = False, min_volume_mm3: float = 0.0) -> tuple[str, ...]:
        """The segment ID that each lesion of the result comes from: lesion `label` is that of `owners[label - 1]`.

        Args:
            split_components: Whether the command line makes a lesion of each island.
            min_volume_mm3: As the command line is told.
        """
        if not split_components:
            return self.segment_ids
        counts = [len(split_into_islands(lesion, min_volume_mm3)[0]) for lesion in self.lesions]
        return tuple(owner for owner, count in zip(self.segment_ids, counts, strict=True) for _ in range(count))


def read_segments(
    node: slicer.vtkMRMLSegmentationNode | None, segment_ids: Sequence[str], image: Geometry
) -> ChosenSegments:
    """Cut the masks of segments out of the layers they live in.

    Args:
        node: The segmentation. Linear transforms above it are applied to the masks' geometry: the node stays as it is.
        segment_ids: Which segments, in the order of the lesions.
        image: The lattice that segments without voxels of their own (RTSTRUCT, STL) are drawn on.

    Returns:
        The segments that hold voxels; the notes name those that hold none.

    Raises:
        InputError: There is no segmentation, nothing is chosen, a chosen segment is gone or cannot be turned into
            voxels, all of them are empty, or the segmentation cannot be placed.
    """
    if node is None:
        raise InputError("No segmentation is chosen.", remedy="Choose the segmentation with the lesions.")
    names = _names(node, segment_ids)
    to_world = world_matrix(node)
    found = _found(node, segment_ids, names, to_world, image)
    kept = [segment_id for segment_id in segment_ids if segment_id in found]
    empty = [names[segment_id] for segment_id in segment_ids if segment_id not in found]
    if not kept:
        raise InputError(f"Every chosen segment is empty: {_listed(empty)}.", remedy="Draw the lesions first.")
    return ChosenSegments(
        segment_ids=tuple(kept),
        lesions=tuple(found[segment_id].renumbered(label) for label, segment_id in enumerate(kept, start=1)),
        notes=(*hardened_note(node), *(f"segment '{name}' is empty and left out" for name in empty)),
    )


def segment_names(node: slicer.vtkMRMLSegmentationNode) -> dict[str, str]:
    """Segment ID -> name, in the order of the segmentation."""
    segmentation = node.GetSegmentation()
    return {segment_id: segmentation.GetSegment(segment_id).GetName() for segment_id in segmentation.GetSegmentIDs()}


def _names(node: slicer.vtkMRMLSegmentationNode, segment_ids: Sequence[str]) -> dict[str, str]:
    present = segment_names(node)
    if not segment_ids:
        raise InputError(f"No segment of '{node.GetName()}' is chosen.", remedy="Choose at least one segment.")
    gone = [segment_id for segment_id in segment_ids if segment_id not in present]
    if gone:
        raise InputError(f"'{node.GetName()}' has lost {len(gone)} chosen segment(s).", remedy="Choose again.")
    if len(set(segment_ids)) != len(segment_ids):
        raise InputError("A segment is chosen twice.", remedy="Choose each segment once.")
    return {
        segment_id: tidy_name(present[segment_id], number) for number, segment_id in enumerate(segment_ids, start=1)
    }


def _found(
    node: slicer.vtkMRMLSegmentationNode,
    segment_ids: Sequence[str],
    names: dict[str, str],
    to_world: NDArray[np.float64],
    image: Geometry,
) -> dict[str, LesionMask]:
    """The mask of each segment that has voxels; a layer is searched once for all the segments that share it."""
    found: dict[str, LesionMask] = {}
    for layer, values in binary_labelmaps(node, segment_ids, to_world, image):
        array = layer_array(layer)
        if array is None:
            continue
        geometry = geometry_from(to_world @ _index_to_local(layer), layer.GetDimensions(), node.GetName())
        boxes = dict(enumerate(ndimage.find_objects(array, max(values.values())), start=1))
        for segment_id, value in values.items():
            if boxes[value] is not None:
                found[segment_id] = lesion_in_box(array, boxes, value, names[segment_id], geometry)
    return found


def layer_array(layer: slicer.vtkOrientedImageData) -> NDArray | None:
    """The label values [k, j, i] of a layer, a view; None when it is empty."""
    scalars = layer.GetPointData().GetScalars()
    if scalars is None or min(layer.GetDimensions()) < 1:
        return None
    i, j, k = layer.GetDimensions()
    array = vtk_to_numpy(scalars).reshape(k, j, i)
    return array if array.dtype.kind in "iu" else array.astype(np.int32)


def _index_to_local(layer: slicer.vtkOrientedImageData) -> NDArray[np.float64]:
    """From the index of an array's voxel: a layer's own indices count from its extent."""
    matrix = vtk.vtkMatrix4x4()
    layer.GetImageToWorldMatrix(matrix)
    affine = slicer.util.arrayFromVTKMatrix(matrix)
    affine[:3, 3] += affine[:3, :3] @ np.array(layer.GetExtent()[::2], float)
    return affine


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_LISTED])
    return shown if len(names) <= _MOST_LISTED else f"{shown} and {len(names) - _MOST_LISTED} more"
