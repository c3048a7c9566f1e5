"""What is to be scored: chosen nodes and segments, and whether they are still as they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from prognosis.lesions.organs import looks_like_anatomy
from prognosis_slicer.lesion_risk.parameters import LesionRiskParameters
from prognosis_slicer.scene.segments import segment_names

_Stamp = tuple[Any, ...]


@dataclass(frozen=True)
class Inputs:
    """A request, told by IDs: nodes may be gone when its answer comes.

    Args:
        image_id: ID of the CT's node.
        lesions_id: ID of the segmentation.
        organs_id: ID of the segmentation of organs, or None.
        segment_ids: The segments to score, in the segmentation's order.
        split_islands: Whether each island becomes a lesion of its own.
        smallest_island_mm3: Smaller islands are left out when splitting.
        model: Name or folder of a model; empty for the default.
        show_demonstration_numbers: Whether percentiles and curves of a demonstration model are asked for.
    """

    image_id: str
    lesions_id: str
    organs_id: str | None
    segment_ids: tuple[str, ...]
    split_islands: bool = False
    smallest_island_mm3: float = 0.0
    model: str = ""
    show_demonstration_numbers: bool = False


def inputs_of(parameters: LesionRiskParameters) -> Inputs:
    """The request that the choices make; `what_is_missing` must have found nothing."""
    return Inputs(
        image_id=parameters.image.GetID(),
        lesions_id=parameters.lesions.GetID(),
        organs_id=parameters.organs.GetID() if parameters.organs is not None else None,
        segment_ids=chosen_segments(parameters),
        split_islands=parameters.split_islands,
        smallest_island_mm3=parameters.smallest_island_mm3,
        model=parameters.model,
        show_demonstration_numbers=parameters.show_demonstration_numbers,
    )


def what_is_missing(parameters: LesionRiskParameters) -> str:
    """What has to be chosen before lesions can be scored, in words; empty when nothing is."""
    if parameters.image is None:
        return _("Choose the CT.")
    if parameters.lesions is None:
        return _("Choose the segmentation that holds the lesions.")
    if not segment_names(parameters.lesions):
        return _("'{name}' holds no segment yet: draw the lesions first.").format(name=parameters.lesions.GetName())
    if not chosen_segments(parameters):
        return _("Tick at least one segment.")
    if parameters.organs is not None and not segment_names(parameters.organs):
        return _("'{name}' holds no organ: choose another, or none.").format(name=parameters.organs.GetName())
    return ""


def chosen_segments(parameters: LesionRiskParameters) -> tuple[str, ...]:
    """The IDs of the ticked segments."""
    return tuple(segment_id for segment_id, ticked in ticks(parameters).items() if ticked)


def ticks(parameters: LesionRiskParameters) -> dict[str, bool]:
    """Segment ID -> whether it is ticked; where the user did not decide, all but organs and landmarks are."""
    if parameters.lesions is None:
        return {}
    decided = dict(parameters.ticks) if parameters.ticks_of is parameters.lesions else {}
    return {
        segment_id: decided.get(segment_id, not looks_like_anatomy(name))
        for segment_id, name in segment_names(parameters.lesions).items()
    }


def tick(parameters: LesionRiskParameters, decided: Mapping[str, bool]) -> None:
    """Keep what the user decided about segments."""
    with slicer.util.NodeModify(parameters):
        before = dict(parameters.ticks) if parameters.ticks_of is parameters.lesions else {}
        parameters.ticks_of = parameters.lesions
        parameters.ticks = {**before, **decided}


def stamp(inputs: Inputs) -> _Stamp | None:
    """What tells whether nodes, voxels, chosen segments and places are still the same; None when one is gone.

    Times of modification count up through the whole session, so nodes of another scene with the same IDs differ.
    """
    scene = slicer.mrmlScene
    image, lesions = scene.GetNodeByID(inputs.image_id), scene.GetNodeByID(inputs.lesions_id)
    organs = scene.GetNodeByID(inputs.organs_id) if inputs.organs_id else None
    if image is None or lesions is None or (inputs.organs_id and organs is None) or image.GetImageData() is None:
        return None
    shapes = [_segment_stamp(lesions, segment_id) for segment_id in inputs.segment_ids]
    if None in shapes:
        return None
    organ_shapes = [_segment_stamp(organs, each) for each in segment_names(organs)] if organs is not None else []
    matrix = vtk.vtkMatrix4x4()
    image.GetIJKToRASMatrix(matrix)
    places = [_place(node) for node in (image, lesions, organs) if node is not None]
    return image.GetImageData().GetMTime(), _elements(matrix), *shapes, *organ_shapes, *places


def _segment_stamp(node: slicer.vtkMRMLSegmentationNode, segment_id: str) -> _Stamp | None:
    segmentation = node.GetSegmentation()
    segment = segmentation.GetSegment(segment_id)
    shape = segment.GetRepresentation(segmentation.GetSourceRepresentationName()) if segment is not None else None
    return None if shape is None else (segment_id, shape.GetMTime(), segment.GetLabelValue())


def _place(node: slicer.vtkMRMLTransformableNode) -> _Stamp:
    transform = node.GetParentTransformNode()
    return () if transform is None else (transform.GetID(), transform.GetTransformToWorldMTime())


def _elements(matrix: Any) -> _Stamp:
    return tuple(matrix.GetElement(row, column) for row in range(4) for column in range(4))


def suggest(parameters: LesionRiskParameters) -> None:
    """Choose what the scene leaves no doubt about, where nothing is chosen yet."""
    if parameters.lesions is None:
        segmentations = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        if len(segmentations) == 1:
            parameters.lesions = segmentations[0]
    if parameters.image is None:
        images = [
            node
            for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
            if node.GetClassName() == "vtkMRMLScalarVolumeNode"
        ]
        drawn_on = _drawn_on(parameters.lesions)
        if drawn_on in images:
            parameters.image = drawn_on
        elif len(images) == 1:
            parameters.image = images[0]


def _drawn_on(lesions: slicer.vtkMRMLSegmentationNode | None) -> slicer.vtkMRMLNode | None:
    if lesions is None:
        return None
    return lesions.GetNodeReference(lesions.GetReferenceImageGeometryReferenceRole())
