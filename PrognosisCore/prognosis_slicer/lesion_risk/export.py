"""Results as files: names and contents are those of the command line."""

from pathlib import Path

import SimpleITK as sitk
import slicer
import vtk
from slicer.i18n import tr as _

from prognosis.errors import InputError, UsageError
from prognosis.lesions.result_files import COLOURS, DOCUMENT, LABELS, REPORT, TABLE
from prognosis_slicer.lesion_risk.results import text_of
from prognosis_slicer.scene.places import geometry_from, world_matrix
from prognosis_slicer.scene.result_record import ResultRecord, Role

_FOLDER = "lesion-risks"


def save_text(record: ResultRecord, name: str, path: Path) -> None:
    """Save a file that the command line wrote as text.

    Raises:
        InputError: The scene does not hold it.
        UsageError: It cannot be written.
    """
    text = text_of(record, name)
    if text is None:
        raise InputError(_("The scene does not hold {name} any more.").format(name=name), remedy=_("Score again."))
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise _cannot_write(path, error.strerror) from error


def save_label_map(record: ResultRecord, path: Path) -> None:
    """Save the label map as compressed NRRD, with its colour table beside it.

    Raises:
        InputError: Somebody removed it from the scene.
        UsageError: It cannot be written.
    """
    node = record.find(Role.LABELS)
    if node is None:
        raise InputError(_("The label map was removed from the scene."), remedy=_("Score again."))
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    ijk_to_world = world_matrix(node) @ slicer.util.arrayFromVTKMatrix(matrix)
    geometry = geometry_from(ijk_to_world, node.GetImageData().GetDimensions(), node.GetName())
    image = sitk.GetImageFromArray(slicer.util.arrayFromVolume(node))
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    try:
        sitk.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as error:
        raise _cannot_write(path, "") from error
    save_text(record, COLOURS, path.with_suffix(".ctbl"))


def save_all(record: ResultRecord, folder: Path) -> Path:
    """Save everything into a new folder inside `folder`; returns the new one.

    Raises:
        PrognosisError: As the parts; what was written until then stays.
    """
    place = _new_folder(folder)
    for name in (TABLE, DOCUMENT, REPORT):
        save_text(record, name, place / name)
    save_label_map(record, place / LABELS)
    return place


def _new_folder(within: Path) -> Path:
    number = 1
    while True:
        place = within / (_FOLDER if number == 1 else f"{_FOLDER}-{number}")
        try:
            place.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise _cannot_write(place, error.strerror) from error
        else:
            return place


def _cannot_write(path: Path, why: str | None) -> UsageError:
    what = _("{path} cannot be written. {why}").format(path=path, why=why or "").strip()
    return UsageError(what, remedy=_("Choose another folder."))
