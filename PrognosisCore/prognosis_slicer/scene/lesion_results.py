"""A result of `prognosis lesions score` in the scene: shown, found again, changed in its looks, and taken away."""

from collections.abc import Sequence
from pathlib import Path

import slicer

from prognosis.errors import InputError, UsageError
from prognosis.lesions.result_files import LABELS
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE, model_line, shows_percentiles
from prognosis_slicer.scene.hierarchy import folder_of, put_in_folder, remove_folder_when_empty
from prognosis_slicer.scene.label_map import new_colours, new_label_map, show_with_colours
from prognosis_slicer.scene.label_map_file import open_label_map
from prognosis_slicer.scene.legend import add_legend, set_legend
from prognosis_slicer.scene.lesion_table import fill_lesion_table
from prognosis_slicer.scene.result_record import INPUTS, ResultRecord, Role, new_record, records_of
from prognosis_slicer.scene.risk_colours import Quantity, fill_lesion_colours
from prognosis_slicer.scene.segment_looks import colour_segments, highlight_segment, restore_segments, show_segments
from prognosis_slicer.scene.slice_views import hide_label_layer, jump_slices, show_label_layer
from prognosis_slicer.scene.survival_chart import add_survival

_QUANTITY, _PERCENTILE, _OPACITY, _SELECTED = "quantity", "least percentile", "opacity", "selected lesion"
_DEFAULT_OPACITY = 0.6


def show_result(
    patient: ScoredPatient,
    folder: Path,
    owners: Sequence[str],
    image: slicer.vtkMRMLScalarVolumeNode,
    segmentation: slicer.vtkMRMLSegmentationNode,
    quantity: Quantity = Quantity.RISK,
) -> ResultRecord:
    """Show a result on its inputs, in place of an earlier one of the same segmentation.

    Args:
        patient: As `read_result` gave it.
        folder: Where the command line wrote it; the label map is read from there.
        owners: The segment ID of each lesion, as `ChosenSegments.owners` gives them.
        image: The node that was scored.
        segmentation: The node with the lesions.
        quantity: What colours stand for.

    Raises:
        InputError: The label map cannot be read, or the result is not of these segments; the scene stays as it was.
    """
    if [lesion.label for lesion in patient.lesions] != list(range(1, len(owners) + 1)):
        raise InputError(
            f"The result has {len(patient.lesions)} lesions and the segmentation {len(owners)}.",
            remedy="Score the patient again.",
        )
    scene = segmentation.GetScene()
    labels = new_label_map(scene, open_label_map(folder / LABELS))
    for earlier in results_of(segmentation):
        remove_result(earlier)
    record = new_record(patient, tuple(owners), image, segmentation)
    record.keep(Role.LABELS, labels)
    colours = new_colours(scene, "risk_colours")
    fill_lesion_colours(colours, patient.lesions, quantity, range(1, len(owners) + 1))
    record.keep(Role.COLOURS, colours)
    show_with_colours(record)
    add_legend(record, patient, quantity)
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "lesion risks")
    record.keep(Role.TABLE, table)
    fill_lesion_table(table, patient)
    add_survival(record, patient)
    _name(record, patient)
    put_in_folder(record, _marked(f"Lesion risks of {segmentation.GetName()}", patient))
    colour_by(record, quantity)
    set_opacity(record, _DEFAULT_OPACITY)
    return record


def results_of(segmentation: slicer.vtkMRMLSegmentationNode) -> list[ResultRecord]:
    """The results of a segmentation, one as a rule."""
    records = records_of(segmentation.GetScene())
    return [record for record in records if record.find(Role.SEGMENTATION) is segmentation]


def find_result(segmentation: slicer.vtkMRMLSegmentationNode | None) -> ResultRecord | None:
    """The result of a segmentation, also in a scene that was saved and loaded; None when there is none."""
    found = results_of(segmentation) if segmentation is not None else []
    return found[-1] if found else None


def remove_result(record: ResultRecord) -> None:
    """Take a result out of the scene and give segments and views back what they had."""
    scene, folder = record.scene, folder_of(record)
    hide_label_layer(record)
    restore_segments(record)
    for role in reversed([role for role in Role if role not in INPUTS]):
        node = record.find(role)
        if node is not None:
            _remove(scene, node)
    scene.RemoveNode(record.node)
    if folder is not None:
        remove_folder_when_empty(scene, folder)


def quantity_of(record: ResultRecord) -> Quantity:
    """What the colours stand for."""
    return Quantity(record.recall(_QUANTITY) or Quantity.RISK.value)


def colour_by(record: ResultRecord, quantity: Quantity) -> None:
    """Colour label map, segments and legend by risk or by contribution."""
    record.remember(_QUANTITY, quantity.value)
    patient = record.patient
    colours = record.find(Role.COLOURS)
    if colours is not None:
        fill_lesion_colours(colours, patient.lesions, quantity, _shown(record, patient))
    colour_segments(record, patient.lesions, quantity)
    set_legend(record, patient, quantity)


def least_percentile(record: ResultRecord) -> float | None:
    """The percentile below which lesions are hidden; None when all are shown."""
    return record.recall(_PERCENTILE)


def show_only_above(record: ResultRecord, percentile: float | None) -> None:
    """Show only lesions at or above a percentile; None shows all, those not scored too.

    Raises:
        UsageError: This result's percentiles are not to be shown.
    """
    patient = record.patient
    if percentile is not None and not shows_percentiles(patient):
        raise UsageError(
            "Lesions of this result have no percentiles.",
            remedy="A demonstration model shows none on a patient's image.",
        )
    record.remember(_PERCENTILE, percentile)
    colour_by(record, quantity_of(record))
    show_segments(record, patient.lesions, _shown(record, patient))


def opacity_of(record: ResultRecord) -> float:
    """Of the label map in slice views, 0 to 1."""
    opacity = record.recall(_OPACITY)
    return _DEFAULT_OPACITY if opacity is None else opacity


def set_opacity(record: ResultRecord, opacity: float) -> None:
    """Show the label map in the slice views that show the image; with 0 they get back what they showed before."""
    record.remember(_OPACITY, opacity)
    if opacity > 0:
        show_label_layer(record, opacity)
    else:
        hide_label_layer(record)


def shows_legend(record: ResultRecord) -> bool:
    """Whether the legend is to be seen."""
    legend = record.find(Role.LEGEND)
    return legend is not None and bool(legend.GetVisibility())


def show_legend(record: ResultRecord, visible: bool) -> None:
    """Show or hide the legend."""
    legend = record.find(Role.LEGEND)
    if legend is not None:
        legend.SetVisibility(visible)


def selected_lesion(record: ResultRecord) -> int | None:
    """The label of the lesion that is brought forward; None when none is."""
    return record.recall(_SELECTED)


def jump_to(record: ResultRecord, label: int) -> None:
    """Centre all slice views on a lesion and bring it forward."""
    jump_slices(record.scene, _lesion(record, label).centroid_ras)
    highlight(record, label)


def highlight(record: ResultRecord, label: int | None) -> None:
    """Bring a lesion forward by letting the other segments step back; None ends it."""
    record.remember(_SELECTED, label)
    highlight_segment(record, None if label is None else record.owners[_lesion(record, label).label - 1])


def _lesion(record: ResultRecord, label: int) -> ScoredLesion:
    lesions = record.patient.lesions
    if not 1 <= label <= len(lesions):
        raise UsageError(f"There is no lesion {label}.", remedy=f"The result has lesions 1 to {len(lesions)}.")
    return lesions[label - 1]


def _shown(record: ResultRecord, patient: ScoredPatient) -> list[int]:
    least = least_percentile(record)
    return [
        lesion.label
        for lesion in patient.lesions
        if least is None or (lesion.percentile is not None and lesion.percentile >= least)
    ]


def _name(record: ResultRecord, patient: ScoredPatient) -> None:
    """Mark every node of the result."""
    for role in (role for role in Role if role not in INPUTS):
        node = record.find(role)
        if node is not None:
            node.SetName(_marked(node.GetName(), patient))
            node.SetDescription(f"{RESEARCH_USE} {model_line(patient.model)}")


def _marked(name: str, patient: ScoredPatient) -> str:
    return f"{name} ({DEMONSTRATION})" if patient.model.demonstration else name


def _remove(scene: slicer.vtkMRMLScene, node: slicer.vtkMRMLNode) -> None:
    """Remove a node with its display and storage nodes, which MRML would leave."""
    ids: list[str] = []
    if isinstance(node, slicer.vtkMRMLDisplayableNode):
        ids += [node.GetNthDisplayNodeID(number) for number in range(node.GetNumberOfDisplayNodes())]
    if isinstance(node, slicer.vtkMRMLStorableNode):
        ids += [node.GetNthStorageNodeID(number) for number in range(node.GetNumberOfStorageNodes())]
    scene.RemoveNode(node)
    for companion in (scene.GetNodeByID(node_id) for node_id in ids if node_id):
        if companion is not None:
            scene.RemoveNode(companion)
