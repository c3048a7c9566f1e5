"""The legend: the whole scale from blue to red, whatever this patient's lesions have of it."""

import slicer
import vtk

from prognosis.lesions.results import ScoredPatient
from prognosis_slicer.scene.label_map import new_colours
from prognosis_slicer.scene.result_record import ResultRecord, Role
from prognosis_slicer.scene.risk_colours import Quantity, fill_legend_colours, legend_range, legend_title

_NAME = "risk_scale"


def add_legend(record: ResultRecord, patient: ScoredPatient, quantity: Quantity) -> None:
    """Add the legend.

    Slicer draws a legend in the colours of the node it belongs to. The label map's colours are one a lesion, so the
    legend belongs to a model of its own, which draws nothing.
    """
    scale = new_colours(record.scene, _NAME)
    fill_legend_colours(scale)
    carrier = record.scene.AddNewNodeByClass("vtkMRMLModelNode", _NAME)
    carrier.SetAndObserveMesh(_point_with_a_number())
    carrier.SetHideFromEditors(True)
    carrier.CreateDefaultDisplayNodes()
    display = carrier.GetDisplayNode()
    display.SetAndObserveColorNodeID(scale.GetID())
    display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseManualScalarRange)
    display.SetScalarVisibility(True)
    display.SetVisibility2D(True)
    display.SetVisibility3D(False)  # its point would count when a 3D view is fitted
    legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(carrier)
    record.keep(Role.LEGEND_COLOURS, scale)
    record.keep(Role.LEGEND_CARRIER, carrier)
    record.keep(Role.LEGEND, legend)
    legend.SetAndObserveColorNodeID(scale.GetID())
    legend.SetUseColorNamesForLabels(False)
    legend.SetMaxNumberOfColors(scale.GetNumberOfColors())
    set_legend(record, patient, quantity)


def set_legend(record: ResultRecord, patient: ScoredPatient, quantity: Quantity) -> None:
    """Let the legend name what the colours stand for."""
    legend, carrier = record.find(Role.LEGEND), record.find(Role.LEGEND_CARRIER)
    if legend is None:
        return
    title = legend_title(patient, quantity)
    legend.SetTitleText(title)
    legend.SetScalarRange(*legend_range(quantity))
    if carrier is not None:
        carrier.GetDisplayNode().SetScalarRange(*legend_range(quantity))
    numbered = "to high" not in title
    legend.SetNumberOfLabels(5 if numbered else 2)
    legend.SetLabelFormat("%.0f" if numbered else " ")


def _point_with_a_number() -> vtk.vtkPolyData:
    points, numbers = vtk.vtkPoints(), vtk.vtkFloatArray()
    points.InsertNextPoint(0.0, 0.0, 0.0)
    numbers.SetName("risk")
    numbers.InsertNextValue(0.0)
    mesh = vtk.vtkPolyData()
    mesh.SetPoints(points)
    mesh.GetPointData().SetScalars(numbers)
    return mesh
