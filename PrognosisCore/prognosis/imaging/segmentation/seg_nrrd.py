"""Segmentations as 3D Slicer saves them: a NRRD label map with one or several layers and keys for each segment."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from prognosis.errors import InputError
from prognosis.imaging.lesion_choice import LesionChoice, tidy_name
from prognosis.imaging.lesion_mask import LesionMask, LesionSet
from prognosis.imaging.scalar.files import geometry_of
from prognosis.imaging.segmentation.labelmaps import boxes_by_value, lesion_in_box, undeclared_values

_SEGMENT_KEY = re.compile(r"Segment(\d{1,5})_(?:ID|Name)", re.ASCII)


@dataclass(frozen=True)
class _Segment:
    name: str
    value: int
    layer: int


def has_segments(image: sitk.Image) -> bool:
    """Whether the header declares at least one segment."""
    return bool(_segment_numbers(image))


def read_seg_nrrd(image: sitk.Image, path: Path, choice: LesionChoice) -> LesionSet:
    """Take each segment of a `.seg.nrrd` as a lesion, in the order of the header.

    Args:
        image: The opened file; its layers are the components of a voxel.
        path: The file, for messages.
        choice: Which segments are meant, by name or by label value.

    Returns:
        Lesions whose `label` is the segment's label value. Segments of different layers may overlap.

    Raises:
        InputError: The array is no segmentation, a segment's keys do not fit it, or two segments share their voxels.
    """
    array = sitk.GetArrayViewFromImage(image)
    if image.GetDimension() != 3 or array.dtype.kind not in "iu":
        raise InputError(
            f"{path} declares segments but holds {image.GetPixelIDTypeAsString()} in {image.GetDimension()} "
            "dimensions, not whole-number labels in three.",
            remedy="Save the segmentation again from 3D Slicer.",
        )
    layers = image.GetNumberOfComponentsPerPixel()
    segments = _segments(image, layers, path)
    chosen = choice.pick([segment.value for segment in segments], [segment.name for segment in segments], path)
    geometry = geometry_of(image)
    lesions: dict[int, LesionMask] = {}
    notes: list[str] = []
    for layer in range(layers):
        labels, boxes = boxes_by_value(np.ascontiguousarray(array[..., layer]) if layers > 1 else array, path)
        for at in (at for at in chosen if segments[at].layer == layer and segments[at].value in boxes):
            lesions[at] = lesion_in_box(labels, boxes, segments[at].value, segments[at].name, geometry)
        strays = undeclared_values(boxes, (segment.value for segment in segments if segment.layer == layer))
        if strays:
            notes.append(f"voxels of {len(strays)} label values belong to no segment and are left out")
    notes += [f"segment '{segments[at].name}' is empty and left out" for at in chosen if at not in lesions]
    return LesionSet(tuple(lesions[at] for at in chosen if at in lesions), notes=tuple(notes))


def _segments(image: sitk.Image, layers: int, path: Path) -> list[_Segment]:
    """Read the segments' keys; files older than Slicer 4.11 have neither layer nor label value: a layer a segment."""
    segments: list[_Segment] = []
    untold: list[int] = []
    for number in _segment_numbers(image):
        value = _whole_number(image, f"Segment{number}_LabelValue", 1, path)
        layer = _whole_number(image, f"Segment{number}_Layer", number if layers > 1 else 0, path)
        if not 0 <= layer < layers or value < 1:
            raise InputError(
                f"{path}: segment {number} has label value {value} in layer {layer}; the file has {layers} layer(s).",
                remedy="Save the segmentation again from 3D Slicer.",
            )
        untold += [] if _text(image, f"Segment{number}_LabelValue").strip() else [layer]
        segments.append(_Segment(tidy_name(_text(image, f"Segment{number}_Name"), number + 1), value, layer))
    _check_told_apart(segments, untold, path)
    return segments


def _segment_numbers(image: sitk.Image) -> list[int]:
    """The numbers that occur in the segments' keys; some are left out where a segment was deleted by hand."""
    return sorted({int(key.group(1)) for name in image.GetMetaDataKeys() if (key := _SEGMENT_KEY.fullmatch(name))})


def _check_told_apart(segments: list[_Segment], untold: list[int], path: Path) -> None:
    """Every segment needs voxels of its own; `untold` are the layers of segments without a label value."""
    for layer, count in Counter(segment.layer for segment in segments).items():
        if count > 1 and layer in untold:
            raise InputError(
                f"{path}: of {count} segments in layer {layer}, some have no label value.",
                remedy="Save the segmentation again from 3D Slicer.",
            )
    for (layer, value), count in Counter((segment.layer, segment.value) for segment in segments).items():
        if count > 1:
            raise InputError(
                f"{path}: {count} segments have label value {value} in layer {layer}, so that none has its own voxels.",
                remedy="Save the segmentation again from 3D Slicer.",
            )


def _whole_number(image: sitk.Image, key: str, default: int, path: Path) -> int:
    text = _text(image, key).strip()
    if not text:
        return default
    try:
        return int(text)
    except ValueError as error:
        raise InputError(
            f"{path}: header key {key} is '{tidy_name(text, 0)}', not a whole number.",
            remedy="Save the segmentation again from 3D Slicer.",
        ) from error


def _text(image: sitk.Image, key: str) -> str:
    return image.GetMetaData(key) if image.HasMetaDataKey(key) else ""
