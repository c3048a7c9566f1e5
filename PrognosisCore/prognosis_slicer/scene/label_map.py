"""The painted lesions as a label map node with its colours and legend."""

import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from prognosis.lesions.results import ScoredPatient
from prognosis_slicer.scene.label_map_file import LabelMapFile
from prognosis_slicer.scene.places import ijk_to_ras
from prognosis_slicer.scene.result_record import ResultRecord, Role
from prognosis_slicer.scene.risk_colours import Quantity, fill_legend_colours, legend_range, legend_title

NAME = "risk_labels"


def new_label_map(scene: slicer.vtkMRMLScene, file: LabelMapFile) -> slicer.vtkMRMLLabelMapVolumeNode:
    """Make a node of a label map file, whole or not at all.

    Raises:
        InputError: The file cannot be read.
    """
    image = vtk.vtkImageData()
    image.SetDimensions(*file.geometry.size)
    image.AllocateScalars(vtk.VTK_UNSIGNED_SHORT, 1)
    voxels = vtk_to_numpy(image.GetPointData().GetScalars())
    file.read_into(voxels.reshape(file.geometry.shape))
    node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", NAME)
    node.SetIJKToRASMatrix(ijk_to_ras(file.geometry))
    node.SetAndObserveImageData(image)
    return node


def show_with_colours(record: ResultRecord) -> None:
    """Give the label map the colours of the lesions."""
    labels, colours = record.find(Role.LABELS), record.find(Role.COLOURS)
    labels.CreateDefaultDisplayNodes()
    labels.GetDisplayNode().SetAndObserveColorNodeID(colours.GetID())


def new_colours(scene: slicer.vtkMRMLScene, name: str) -> slicer.vtkMRMLColorTableNode:
    colours = scene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
    colours.SetTypeToUser()
    colours.SetAttribute("Category", "Prognosis")
    return colours


def add_legend(record: ResultRecord, patient: ScoredPatient, quantity: Quantity) -> None:
    """Add the legend: the whole scale from blue to red, whatever this patient's lesions have of it."""
    legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(record.find(Role.LABELS))
    scale = new_colours(record.scene, "risk_scale")
    fill_legend_colours(scale)
    record.keep(Role.LEGEND_COLOURS, scale)
    record.keep(Role.LEGEND, legend)
    legend.SetAndObserveColorNodeID(scale.GetID())
    legend.SetUseColorNamesForLabels(False)
    legend.SetMaxNumberOfColors(scale.GetNumberOfColors())
    set_legend(record, patient, quantity)


def set_legend(record: ResultRecord, patient: ScoredPatient, quantity: Quantity) -> None:
    """Let the legend name what the colours stand for."""
    legend = record.find(Role.LEGEND)
    if legend is None:
        return
    title = legend_title(patient, quantity)
    legend.SetTitleText(title)
    legend.SetScalarRange(*legend_range(quantity))
    numbered = "to high" not in title
    legend.SetNumberOfLabels(5 if numbered else 2)
    legend.SetLabelFormat("%.0f" if numbered else " ")
