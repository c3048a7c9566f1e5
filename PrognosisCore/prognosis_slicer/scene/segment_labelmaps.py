"""The layers segments live in; segments that are surfaces or contours are turned into voxels on a copy."""

from collections.abc import Sequence

import numpy as np
import slicer
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis_slicer.scene.places import RAS_TO_LPS

_Layer = tuple[slicer.vtkOrientedImageData, dict[str, int]]


def binary_labelmaps(
    node: slicer.vtkMRMLSegmentationNode, segment_ids: Sequence[str], to_world: NDArray[np.float64], image: Geometry
) -> list[_Layer]:
    """The layers that hold segments, each with the label values of the segments in it.

    Args:
        node: Its source representation decides: what was drawn is taken, not what was derived from it for display.
        segment_ids: Which segments.
        to_world: From the segmentation's coordinates to the world's.
        image: The lattice that surfaces and contours are drawn on.

    Raises:
        InputError: A segment cannot be turned into voxels.
    """
    segmentation = node.GetSegmentation()
    if segmentation.GetSourceRepresentationName() != _binary():
        lattice = _serialised(image, np.linalg.inv(to_world))
        return [_converted(node, segment_id, lattice) for segment_id in segment_ids]
    layers: dict[slicer.vtkOrientedImageData, dict[str, int]] = {}
    for segment_id in segment_ids:
        segment = segmentation.GetSegment(segment_id)
        layer = segment.GetRepresentation(_binary())
        if layer is not None:
            layers.setdefault(layer, {})[segment_id] = segment.GetLabelValue()
    return list(layers.items())


def _converted(node: slicer.vtkMRMLSegmentationNode, segment_id: str, lattice: str) -> _Layer:
    """The voxels of a copy of one segment; several copied together would come to share a layer and lose voxels."""
    source = node.GetSegmentation()
    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(source.GetSourceRepresentationName())
    copy.CopyConversionParameters(source)
    copy.SetConversionParameter(slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName(), lattice)
    copy.CopySegmentFromSegmentation(source, segment_id)
    if not copy.CreateRepresentation(_binary()):
        raise InputError(
            f"The segments of '{node.GetName()}' ({source.GetSourceRepresentationName().lower()}) cannot be turned "
            "into voxels.",
            remedy="Convert them to a binary label map in the Segmentations module.",
        )
    segment = copy.GetSegment(segment_id)
    return segment.GetRepresentation(_binary()), {segment_id: segment.GetLabelValue()}


def _binary() -> str:
    return slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()


def _serialised(image: Geometry, to_local: NDArray[np.float64]) -> str:
    lattice = slicer.vtkOrientedImageData()
    lattice.SetDimensions(*image.size)
    lattice.SetImageToWorldMatrix(slicer.util.vtkMatrixFromArray(to_local @ RAS_TO_LPS @ image.affine))
    return slicer.vtkSegmentationConverter.SerializeImageGeometry(lattice)
