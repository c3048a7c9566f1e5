"""DICOM RT structure sets: regions drawn as contours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.dicom.frames_of_reference import check_same_frame
from prognosis.imaging.dicom.items import read_items
from prognosis.imaging.dicom.values import number, tag_name
from prognosis.imaging.lesion_choice import LesionChoice, tidy_name
from prognosis.imaging.lesion_mask import LesionMask, LesionSet
from prognosis.imaging.segmentation.contour_planes import ContourStack
from prognosis.imaging.segmentation.contour_volume import lesion_of_contours
from prognosis.imaging.volume import Volume

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


@dataclass(frozen=True)
class _Region:
    """One ROI: its closed contours as patient points (n, 3), and what of it was left out."""

    number: int
    name: str
    frame_of_reference_uid: str | None
    contours: tuple[NDArray[np.float64], ...] = ()
    notes: tuple[str, ...] = ()


def read_rtstruct(dataset: pydicom.Dataset, path: Path, image: Volume, choice: LesionChoice) -> LesionSet:
    """Take each region of a structure set as a lesion, in the order of its ROIs.

    Args:
        dataset: The RTSTRUCT object.
        path: Its file, for messages.
        image: The image whose voxel centres are asked whether they lie inside the contours.
        choice: Which regions are meant, by ROI name or number.

    Returns:
        Lesions whose `label` is the ROI number, as a whole also where they stick out of the image.

    Raises:
        InputError: A tag is missing, contours do not lie in planes of the image, or regions of several frames of
            reference, or of another than the image's, are chosen.
    """
    regions = [_named_region(item, path) for item in read_items(dataset, "StructureSetROISequence", path)]
    chosen = choice.pick([region.number for region in regions], [region.name for region in regions], path)
    frame_of_reference = _frame_of_reference(dataset, [regions[at] for at in chosen], path)
    check_same_frame(frame_of_reference, image, path)
    drawn = {int(number(item, "ReferencedROINumber", path)): item for item in dataset.get("ROIContourSequence") or []}
    regions = [_with_contours(region, drawn.get(region.number), path) for region in regions]
    contours = [contour for region in regions for contour in region.contours]
    lesions: list[LesionMask] = []
    notes: list[str] = []
    stack = ContourStack.under([region.contours for region in regions], image.geometry) if contours else None
    for region in (regions[at] for at in chosen):
        if not region.contours or not stack:
            notes.append(f"'{region.name}' has no closed contour and is left out")
            continue
        lesion = lesion_of_contours(region.number, region.name, region.contours, stack, image.geometry)
        if lesion is None:
            notes.append(f"'{region.name}' encloses no voxel centre of the image and is left out")
        else:
            lesions.append(replace(lesion, notes=(*region.notes, *lesion.notes)))
    return LesionSet(tuple(lesions), frame_of_reference, _referenced_series(dataset), tuple(notes))


def _frame_of_reference(dataset: pydicom.Dataset, regions: Sequence[_Region], path: Path) -> str | None:
    told = sorted({region.frame_of_reference_uid for region in regions if region.frame_of_reference_uid})
    if len(told) > 1:
        raise InputError(
            f"{path}: the chosen regions belong to {len(told)} frames of reference: {', '.join(told)}.",
            remedy="Choose regions of one with --lesion-names.",
        )
    return told[0] if told else str(dataset.get("FrameOfReferenceUID") or "") or None


def _named_region(item: pydicom.Dataset, path: Path) -> _Region:
    roi_number = int(number(item, "ROINumber", path))
    frame = item.get("ReferencedFrameOfReferenceUID")
    return _Region(roi_number, tidy_name(str(item.get("ROIName", "")), roi_number), str(frame) if frame else None)


def _with_contours(region: _Region, item: pydicom.Dataset | None, path: Path) -> _Region:
    contours: list[NDArray[np.float64]] = []
    skipped = 0
    for contour in (item.get("ContourSequence") or []) if item is not None else []:
        kind = str(contour.get("ContourGeometricType", "none"))
        points = _points(contour, region, path)
        if kind not in _CLOSED or len(points) < 3:
            skipped += 1
        else:
            contours.append(points)
    notes = (f"{skipped} open or point contour(s) left out",) if skipped else ()
    return replace(region, contours=tuple(contours), notes=notes)


def _points(contour: pydicom.Dataset, region: _Region, path: Path) -> NDArray[np.float64]:
    """Parse ContourData at once: going through pydicom's numbers one by one takes seconds for large structures."""
    element = contour.get_item("ContourData")
    value = element.value if element is not None else None
    try:
        numbers = np.array(value.split(b"\\") if isinstance(value, bytes) and value else list(value or []), float)
    except ValueError as error:
        raise _unreadable(region, path) from error
    if numbers.size % 3 or not np.all(np.isfinite(numbers)):
        raise _unreadable(region, path)
    return numbers.reshape(-1, 3)


def _unreadable(region: _Region, path: Path) -> InputError:
    return InputError(
        f"{path}: {tag_name('ContourData')} of region '{region.name}' is no list of points.",
        remedy="Export the structure set again.",
    )


def _referenced_series(dataset: pydicom.Dataset) -> str | None:
    series = {
        str(item.get("SeriesInstanceUID"))
        for frame in dataset.get("ReferencedFrameOfReferenceSequence") or []
        for study in frame.get("RTReferencedStudySequence") or []
        for item in study.get("RTReferencedSeriesSequence") or []
    }
    return series.pop() if len(series) == 1 else None
