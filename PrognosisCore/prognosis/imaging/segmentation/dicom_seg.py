"""DICOM segmentation objects, every frame placed by its own plane position."""

from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.dicom.frames_of_reference import check_same_frame
from prognosis.imaging.dicom.items import decode_frames, read_items
from prognosis.imaging.dicom.values import number, positive_integer, tag_name
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import LesionChoice, tidy_name
from prognosis.imaging.lesion_mask import LesionMask, LesionSet, cropped_lesion
from prognosis.imaging.scalar.files import MAX_VOXELS
from prognosis.imaging.segmentation.labelmaps import boxes_by_value, lesion_in_box, undeclared_values
from prognosis.imaging.segmentation.seg_frames import SegFrames, place_frames
from prognosis.imaging.volume import Volume

_BACKGROUND = 0


def read_dicom_seg(dataset: pydicom.Dataset, path: Path, image: Volume, choice: LesionChoice) -> LesionSet:
    """Take each segment of a SEG object as a lesion, in the order of its segment sequence.

    Args:
        dataset: A binary, fractional or label map segmentation.
        path: Its file, for messages.
        image: Tells the distance between planes where the object does not.
        choice: Which segments are meant, by label or by segment number.

    Returns:
        Lesions whose `label` is the segment number, on the object's own lattice.

    Raises:
        InputError: A tag is missing, the frames are no stack of planes, or belong to another frame of reference.
    """
    frame_of_reference = str(dataset.get("FrameOfReferenceUID") or "") or None
    check_same_frame(frame_of_reference, image, path)
    labels = _segment_labels(dataset, path)
    numbers = list(labels)
    names = [tidy_name(label, at) for at, label in labels.items()]
    chosen = choice.pick(numbers, names, path)
    kind = str(dataset.get("SegmentationType", ""))
    frames = place_frames(dataset, path, image.geometry, labelled=kind == "LABELMAP")
    wanted = [(numbers[at], names[at]) for at in chosen]
    notes = list(frames.notes)
    if kind == "LABELMAP":
        found, strays = _from_labelmap(dataset, path, frames, wanted, numbers)
        notes += [f"voxels of {strays} label values belong to no segment and are left out"] if strays else []
    elif kind in ("BINARY", "FRACTIONAL"):
        strays = int(np.count_nonzero(~np.isin(frames.segments, numbers)))
        notes += [f"{strays} frame(s) belong to no segment and are left out"] if strays else []
        notes += ["fractional segments are cut at one half"] if kind == "FRACTIONAL" else []
        threshold = 1.0 if kind == "BINARY" else 0.5 * positive_integer(dataset, "MaximumFractionalValue", path)
        found = [_from_frames(dataset, path, frames, at, name, threshold) for at, name in wanted]
    else:
        raise InputError(
            f"{path}: {tag_name('SegmentationType')} is '{tidy_name(kind, 0)}'.",
            remedy="Readable are BINARY, FRACTIONAL and LABELMAP.",
        )
    notes += [
        f"segment '{name}' is empty and left out" for (_, name), lesion in zip(wanted, found, strict=True) if not lesion
    ]
    series = {str(item.get("SeriesInstanceUID")) for item in dataset.get("ReferencedSeriesSequence") or []}
    return LesionSet(
        tuple(lesion for lesion in found if lesion),
        frame_of_reference_uid=frame_of_reference,
        referenced_series_uid=series.pop() if len(series) == 1 else None,
        notes=tuple(notes),
    )


def _segment_labels(dataset: pydicom.Dataset, path: Path) -> dict[int, str]:
    labels: dict[int, str] = {}
    for item in read_items(dataset, "SegmentSequence", path):
        segment = int(number(item, "SegmentNumber", path))
        if segment in labels:
            raise InputError(
                f"{path}: two segments have {tag_name('SegmentNumber')} {segment}.", remedy="Export the object again."
            )
        labels[segment] = str(item.get("SegmentLabel", ""))
    labels.pop(_BACKGROUND, None)
    return labels


def _from_frames(
    dataset: pydicom.Dataset, path: Path, frames: SegFrames, number: int, name: str, threshold: float
) -> LesionMask | None:
    own = np.flatnonzero(frames.segments == number)
    if not own.size:
        return None
    box, start = _empty_box(dataset, path, frames.starts[own], np.dtype(bool))
    for at, pixels in zip(own, decode_frames(dataset, own.tolist(), path), strict=True):
        _window(box, frames.starts[at] - start, pixels)[...] |= pixels >= threshold
    return cropped_lesion(number, name, box, _lattice_of(box, start, frames.lattice))


def _from_labelmap(
    dataset: pydicom.Dataset, path: Path, frames: SegFrames, wanted: list[tuple[int, str]], declared: list[int]
) -> tuple[list[LesionMask | None], int]:
    """Return the wanted lesions, and how many label values belong to no declared segment."""
    box, start = _empty_box(dataset, path, frames.starts, np.dtype(np.uint16))
    for frame_start, pixels in zip(frames.starts, decode_frames(dataset, range(len(frames.starts)), path), strict=True):
        window = _window(box, frame_start - start, pixels)
        np.copyto(window, pixels, where=pixels > 0, casting="unsafe")
    lattice = _lattice_of(box, start, frames.lattice)
    labels, boxes = boxes_by_value(box, path)
    found = [lesion_in_box(labels, boxes, at, name, lattice) if at in boxes else None for at, name in wanted]
    return found, len(undeclared_values(boxes, declared))


def _empty_box(
    dataset: pydicom.Dataset, path: Path, starts: NDArray[np.int64], dtype: np.dtype
) -> tuple[NDArray, NDArray[np.int64]]:
    """Return zeros [k, j, i] that hold frames at these starts, and the index (i, j, k) of its first voxel."""
    first = starts.min(axis=0)
    size = (
        starts.max(axis=0)
        - first
        + [positive_integer(dataset, "Columns", path), positive_integer(dataset, "Rows", path), 1]
    )
    if np.prod(size.astype(float)) > MAX_VOXELS:
        raise InputError(
            f"{path}: its frames span {size[0]} x {size[1]} x {size[2]} voxels, more than can be read.",
            remedy="Check its plane positions.",
        )
    return np.zeros(size[::-1], dtype), first


def _window(box: NDArray, start: NDArray[np.int64], pixels: NDArray) -> NDArray:
    i, j, k = (int(value) for value in start)
    return box[k, j : j + pixels.shape[0], i : i + pixels.shape[1]]


def _lattice_of(box: NDArray, start: NDArray[np.int64], lattice: Geometry) -> Geometry:
    i, j, k = (int(value) for value in start)
    return lattice.crop((i, j, k), (box.shape[2], box.shape[1], box.shape[0]))
