"""Results in the scene, with the files the command line wrote kept beside them: temporary folders go."""

from collections.abc import Sequence
from pathlib import Path

import slicer

from prognosis.lesions.result_files import COLOURS, DOCUMENT, REPORT, TABLE
from prognosis.lesions.results import ScoredPatient
from prognosis_slicer.scene.lesion_results import remove_result, results_of, show_result
from prognosis_slicer.scene.result_record import RESULT_ATTRIBUTE, ResultRecord, Role, records_of

KEPT_TEXTS = (TABLE, DOCUMENT, COLOURS)

_REPORT = "report"


def show(
    patient: ScoredPatient,
    folder: Path,
    owners: Sequence[str],
    image: slicer.vtkMRMLScalarVolumeNode,
    segmentation: slicer.vtkMRMLSegmentationNode,
) -> ResultRecord:
    """Show a result in place of an earlier one of the same segmentation, and keep its files in the scene.

    Raises:
        InputError: As `show_result`; the scene stays as it was.
    """
    earlier = [_report_node(record) for record in results_of(segmentation)]
    with slicer.util.RenderBlocker():
        record = show_result(patient, folder, owners, image, segmentation)
        for node in earlier:
            _remove(node)
        for name in KEPT_TEXTS:
            record.remember(name, _text(folder / name))
        _keep_report(record, folder / REPORT)
    return record


def take_away(record: ResultRecord) -> None:
    """Remove a result and give the segments the looks they had."""
    with slicer.util.RenderBlocker():
        _remove(_report_node(record))
        remove_result(record)


def text_of(record: ResultRecord, name: str) -> str | None:
    """A file of the result as the command line wrote it; None when it is not in the scene."""
    return report_of(record) if name == REPORT else record.recall(name)


def report_of(record: ResultRecord) -> str | None:
    """The report as HTML; None when it is not in the scene."""
    node = _report_node(record)
    return node.GetText() if node is not None and node.GetText() else None


def _keep_report(record: ResultRecord, file: Path) -> None:
    node = record.scene.AddNewNodeByClass("vtkMRMLTextNode", "lesion risks report")
    node.SetHideFromEditors(True)
    node.SetAttribute(RESULT_ATTRIBUTE, _REPORT)
    node.SetText(_text(file))
    record.node.SetNodeReferenceID(_REPORT, node.GetID())


def _text(file: Path) -> str:
    """The text with the ends of its lines as they are."""
    return file.read_bytes().decode("utf-8")


def _report_node(record: ResultRecord) -> slicer.vtkMRMLTextNode | None:
    return record.node.GetNodeReference(_REPORT)


def _remove(node: slicer.vtkMRMLTextNode | None) -> None:
    if node is None:
        return
    storage = node.GetStorageNode()
    scene = node.GetScene()
    scene.RemoveNode(node)
    if storage is not None:
        scene.RemoveNode(storage)


def take_away_orphans() -> None:
    """Remove results whose segmentation was deleted: colours on a CT that nobody can explain mislead."""
    for record in records_of(slicer.mrmlScene):
        if record.find(Role.SEGMENTATION) is None:
            take_away(record)
