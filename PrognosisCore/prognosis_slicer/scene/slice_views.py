"""Slice views: the label layer over the image, and jumping to a place. Works without views too."""

from collections.abc import Iterator

import slicer

from prognosis_slicer.scene.result_record import ResultRecord, Role

_LAYERS, _FILL = "label layers", "segment fill"


def show_label_layer(record: ResultRecord, opacity: float) -> None:
    """Lay the label map over the image in the slice views that show it, and leave the segments their outlines.

    Views that show another image stay as they are.
    """
    labels, image = record.find(Role.LABELS), record.find(Role.IMAGE)
    if labels is None or image is None:
        return
    before = record.recall(_LAYERS) or {}
    for view in _views(record.scene):
        if image.GetID() not in (view.GetBackgroundVolumeID(), view.GetForegroundVolumeID()):
            continue
        if view.GetLabelVolumeID() != labels.GetID():
            before[view.GetID()] = [view.GetLabelVolumeID(), view.GetLabelOpacity()]
        view.SetLabelVolumeID(labels.GetID())
        view.SetLabelOpacity(opacity)
    record.remember(_LAYERS, before)
    _fill_segments(record, fill=not before)


def hide_label_layer(record: ResultRecord) -> None:
    """Bring back the layer and opacity each view had, and the segments' fill."""
    labels = record.find(Role.LABELS)
    for view_id, (label_id, opacity) in (record.recall(_LAYERS) or {}).items():
        view = record.scene.GetNodeByID(view_id)
        if view is None or labels is None or view.GetLabelVolumeID() != labels.GetID():
            continue
        view.SetLabelVolumeID(label_id if label_id and record.scene.GetNodeByID(label_id) else None)
        view.SetLabelOpacity(opacity)
    record.forget(_LAYERS)
    _fill_segments(record, fill=True)


def jump_slices(scene: slicer.vtkMRMLScene, ras: tuple[float, float, float]) -> None:
    """Centre all slice views on a place in the world."""
    slicer.vtkMRMLSliceNode.JumpAllSlices(scene, *ras, slicer.vtkMRMLSliceNode.CenteredJumpSlice)


def _fill_segments(record: ResultRecord, *, fill: bool) -> None:
    """Two fills over each other would hide what opacity is asked for."""
    segmentation = record.find(Role.SEGMENTATION)
    display = segmentation.GetDisplayNode() if segmentation is not None else None
    before = record.recall(_FILL)
    if display is None or fill == (before is None):
        return
    if fill:
        display.SetVisibility2DFill(before)
        record.forget(_FILL)
    else:
        record.remember(_FILL, bool(display.GetVisibility2DFill()))
        display.SetVisibility2DFill(False)


def _views(scene: slicer.vtkMRMLScene) -> Iterator[slicer.vtkMRMLSliceCompositeNode]:
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
        yield scene.GetNthNodeByClass(number, "vtkMRMLSliceCompositeNode")
