"""The lesions by rank as a table node."""

from collections.abc import Callable

import slicer
import vtk

from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.report.wording import by_rank, not_scored

LESION_COLUMN = "lesion"

_Value = Callable[[ScoredLesion], int | float | str | None]
_COLUMNS: tuple[tuple[str, type[vtk.vtkAbstractArray], _Value, str], ...] = (
    ("rank", vtk.vtkIntArray, lambda lesion: lesion.rank, "1 for the highest risk, 0 when not scored"),
    (LESION_COLUMN, vtk.vtkIntArray, lambda lesion: lesion.label, "label value in risk_labels"),
    ("name", vtk.vtkStringArray, lambda lesion: lesion.name, "name of the segment"),
    ("organ", vtk.vtkStringArray, lambda lesion: lesion.organ, "organ the lesion lies in"),
    ("volume_mm3", vtk.vtkDoubleArray, lambda lesion: lesion.volume_mm3, "volume"),
    ("longest_diameter_mm", vtk.vtkDoubleArray, lambda lesion: lesion.longest_diameter_mm, "longest on axial slices"),
    ("risk", vtk.vtkDoubleArray, lambda lesion: lesion.risk, "r, in SDs over training lesions"),
    ("scale", vtk.vtkDoubleArray, lambda lesion: lesion.scale, "s, mean 1 over training lesions"),
    ("contribution", vtk.vtkDoubleArray, lambda lesion: lesion.contribution, "r x s; they sum to the patient's risk"),
    ("percentile", vtk.vtkDoubleArray, lambda lesion: lesion.percentile, "of r among training lesions"),
    ("flags", vtk.vtkStringArray, lambda lesion: "; ".join(lesion.flags), "what to know of this lesion"),
)
_NOTHING = {vtk.vtkIntArray: 0, vtk.vtkDoubleArray: float("nan"), vtk.vtkStringArray: ""}


def fill_lesion_table(table: slicer.vtkMRMLTableNode, patient: ScoredPatient) -> None:
    """A row for each lesion: by rank, then those not scored in input order."""
    lesions = (*by_rank(patient), *not_scored(patient))
    table.RemoveAllColumns()
    for name, kind, value, description in _COLUMNS:
        column = kind()
        column.SetName(name)
        for lesion in lesions:
            held = value(lesion)
            column.InsertNextValue(_NOTHING[kind] if held is None else held)
        table.AddColumn(column)
        table.SetColumnDescription(name, description)
    for name, unit in (("volume_mm3", "mm3"), ("longest_diameter_mm", "mm")):
        table.SetColumnUnitLabel(name, unit)
    table.SetUseColumnTitleAsColumnHeader(True)
    table.SetLocked(True)


def lesion_of_row(table: slicer.vtkMRMLTableNode, row: int) -> int | None:
    """The label of the lesion in a row, None beyond the table."""
    if not 0 <= row < table.GetNumberOfRows():
        return None
    return int(table.GetCellText(row, table.GetColumnIndex(LESION_COLUMN)))
