"""The predicted survival curve as table, plot series and chart nodes."""

from collections.abc import Iterator

import slicer
import vtk

from prognosis.lesions.results import ScoredPatient
from prognosis.report.wording import RESEARCH_USE, model_line
from prognosis.survival.predicted_survival import PredictedSurvival
from prognosis_slicer.scene.result_record import ResultRecord, Role

_DAYS_PER_YEAR = 365.25
_YEARS, _SURVIVAL = "years", "survival_percent"
_CURVE = (0.12, 0.31, 0.55)


def add_survival(record: ResultRecord, patient: ScoredPatient) -> None:
    """Add the chart of a curve that may be shown; the last point is the end of the training follow-up."""
    if patient.survival is None or not patient.survival.times_days:
        return
    scene = record.scene
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "predicted survival")
    record.keep(Role.SURVIVAL_TABLE, table)
    for name, values in zip((_YEARS, _SURVIVAL), zip(*_steps(patient.survival), strict=True), strict=True):
        column = vtk.vtkDoubleArray()
        column.SetName(name)
        for value in values:
            column.InsertNextValue(value)
        table.AddColumn(column)
    series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "predicted survival of this patient")
    record.keep(Role.SURVIVAL_SERIES, series)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(_YEARS)
    series.SetYColumnName(_SURVIVAL)
    series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
    series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
    series.SetLineWidth(3)
    series.SetColor(*_CURVE)
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", "predicted survival chart")
    record.keep(Role.SURVIVAL_CHART, chart)
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle(_title(patient))
    chart.SetXAxisTitle("years after the image")
    chart.SetYAxisTitle("predicted survival (%)")
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, 100.0)
    chart.LegendVisibilityOff()


def _title(patient: ScoredPatient) -> str:
    mark = f"{patient.watermark} · " if patient.watermark else ""
    return f"{mark}Predicted survival · {model_line(patient.model)} · {RESEARCH_USE}"


def _steps(survival: PredictedSurvival) -> Iterator[tuple[float, float]]:
    """Corner after corner of the curve: survival stays until the day it falls."""
    before = 100.0
    yield 0.0, before
    for days, share in zip(survival.times_days, survival.survival, strict=True):
        years = days / _DAYS_PER_YEAR
        yield years, before
        before = 100.0 * share
        yield years, before
