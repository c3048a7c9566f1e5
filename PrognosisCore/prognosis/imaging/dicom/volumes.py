"""One volume from a DICOM series."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile, read_dicom_header
from prognosis.imaging.dicom.frames import Frame, read_frames
from prognosis.imaging.dicom.gate import Stack, pass_gate
from prognosis.imaging.dicom.pixels import AIR_HU, read_stack, same_pixels
from prognosis.imaging.dicom.series import choose_series, image_series_in, is_volume_image, kind_of
from prognosis.imaging.dicom.values import number, tag_name, text
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume


@dataclass(frozen=True)
class GatedSeries:
    """A series that passed the gate, its pixels not yet decoded.

    Args:
        files: Its files with their headers; of those left out of the stack too.
        stack: The slices in order.
        modality: DICOM modality, empty when absent.
        frame_of_reference: FrameOfReferenceUID, empty when absent.
        notes: What was done or found, in words.
    """

    files: tuple[DicomFile, ...]
    stack: Stack
    modality: str
    frame_of_reference: str
    notes: tuple[str, ...]

    @property
    def slices(self) -> tuple[DicomFile, ...]:
        """The file of each slice of the stack, in order."""
        by_path = {file.path: file for file in self.files}
        return tuple(by_path[frame.path] for frame in self.stack.frames)


def read_dicom_folder(folder: Path, *, series: str | None = None, resample_uneven: bool = False) -> Volume:
    """Read one series of a folder and its subfolders; see `readers.read_volume`."""
    found = image_series_in(folder)
    chosen = choose_series(folder, found, series)
    return volume_of(gate_series(chosen.files, found.notes, resample_uneven=resample_uneven))


def read_dicom_file(path: Path, *, resample_uneven: bool = False) -> Volume:
    """Read an enhanced multi-frame object.

    Raises:
        InputError: As `read_dicom_folder`, or the file holds a single slice.
    """
    file = DicomFile(path, read_dicom_header(path))
    if not is_volume_image(file):
        raise InputError(
            f"{path} is no CT, PET or MR image but: {kind_of(file)}.", remedy="Give the folder of the image series."
        )
    if text(file.header, "NumberOfFrames") in ("", "1"):
        raise InputError(f"{path} is a single slice.", remedy="Give the folder that holds the whole series.")
    return volume_of(gate_series([file], (), resample_uneven=resample_uneven))


def gate_series(files: Sequence[DicomFile], notes: tuple[str, ...], *, resample_uneven: bool) -> GatedSeries:
    """Order the slices of a series, or refuse it.

    Args:
        files: The files of one series.
        notes: What was found before, in words.
        resample_uneven: Whether slices at uneven distances are let through.

    Raises:
        InputError: The slices do not make one volume; the message names files, tags and distances.
    """
    modality = text(files[0].header, "Modality")
    frame_of_reference = _one_value(files, "FrameOfReferenceUID")
    frames, localizers = read_frames(files)
    if not frames:
        raise InputError(f"{files[0].path} is a localizer.", remedy="Give the folder of the image series.")
    _check_rescale(frames)
    if localizers:
        notes = (*notes, f"{localizers} localizer(s) are left out.")
    stack = pass_gate(frames, same_pixels, accept_uneven=resample_uneven, overlaps_tell=modality in ("CT", "PT"))
    return GatedSeries(tuple(files), stack, modality, frame_of_reference, notes)


def volume_of(series: GatedSeries, *, factors: NDArray[np.float64] | None = None) -> Volume:
    """Decode the slices of a series.

    Args:
        series: The series.
        factors: What the rescaled values of each slice are multiplied by, in the order of the stack; None to leave
            them. Products that float32 cannot hold become infinite.

    Raises:
        InputError: A file's pixels are cut short, damaged, or compressed in a way that cannot be decoded.
    """
    stack = series.stack
    array, pixel_notes = read_stack(stack.frames, series.modality)
    geometry = _geometry(stack)
    scale_notes = _scale_notes(series.files, stack.frames, series.modality, array)
    notes = (*series.notes, *stack.notes, *pixel_notes, *scale_notes)
    if factors is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            array = np.multiply(array, factors[:, None, None], dtype=np.float32)
    if not stack.even:
        array, geometry = _evenly_resampled(array, stack, geometry)
        distances = np.diff(stack.heights)
        notes = (
            *notes,
            f"Slice distances of {distances.min():.2f} to {distances.max():.2f} mm were resampled linearly to "
            f"{stack.distance:.2f} mm.",
        )
    return Volume(
        array=array,
        geometry=geometry,
        modality=series.modality or None,
        frame_of_reference_uid=series.frame_of_reference or None,
        series_uid=text(series.files[0].header, "SeriesInstanceUID") or None,
        notes=notes,
    )


def _one_value(files: Sequence[DicomFile], keyword: str) -> str:
    first: dict[str, Path] = {}
    for file in files:
        first.setdefault(text(file.header, keyword), file.path)
    if len(first) > 1:
        names = ", ".join(path.name for path in first.values())
        raise InputError(
            f"The series has slices with {len(first)} different values of {tag_name(keyword)}: {names}.",
            remedy="Give a folder with slices of one frame of reference.",
        )
    return next(iter(first))


def _check_rescale(frames: Sequence[Frame]) -> None:
    """Refuse a series in which some slices say how to rescale and others do not."""
    told_anywhere = any(frame.slope is not None or frame.intercept is not None for frame in frames)
    for keyword, values in (
        ("RescaleSlope", [frame.slope for frame in frames]),
        ("RescaleIntercept", [frame.intercept for frame in frames]),
    ):
        if told_anywhere and None in values:
            raise InputError(
                f"{frames[values.index(None)]}: {tag_name(keyword)} is missing, but other slices or tags tell a scale.",
                remedy="Export the series again from the archive, unaltered.",
            )


def _geometry(stack: Stack) -> Geometry:
    first = stack.frames[0]
    row, column = np.reshape(first.orientation, (2, 3))
    row = row / np.linalg.norm(row)
    normal = np.cross(row, column)
    normal /= np.linalg.norm(normal)
    count = len(stack.frames)
    distance = (stack.heights[-1] - stack.heights[0]) / (count - 1)
    affine = np.eye(4)
    affine[:3, 0] = row * first.spacing[1]
    affine[:3, 1] = np.cross(normal, row) * first.spacing[0]
    affine[:3, 2] = normal * distance
    affine[:3, 3] = first.position
    return Geometry.from_affine(affine, (first.columns, first.rows, count))


def _evenly_resampled(array: NDArray, stack: Stack, geometry: Geometry) -> tuple[NDArray, Geometry]:
    """Interpolate linearly between neighbouring slices, from the first slice on at the median distance."""
    heights = stack.heights - stack.heights[0]
    count = int(np.floor(heights[-1] / stack.distance + 1e-6)) + 1
    targets = np.minimum(np.arange(count) * stack.distance, heights[-1])
    below = np.clip(np.searchsorted(heights, targets, side="right") - 1, 0, heights.size - 2)
    weights = (targets - heights[below]) / (heights[below + 1] - heights[below])
    even = np.empty((count, *array.shape[1:]), array.dtype)
    for k, (low, weight) in enumerate(zip(below.tolist(), weights.tolist(), strict=True)):
        between = array[low] * (1.0 - weight) + array[low + 1] * weight
        even[k] = np.rint(between) if array.dtype.kind == "i" else between
    i, j, _ = geometry.size
    return even, replace(
        geometry, size=(i, j, count), spacing=(geometry.spacing[0], geometry.spacing[1], stack.distance)
    )


def _scale_notes(files: Sequence[DicomFile], frames: Sequence[Frame], modality: str, array: NDArray) -> tuple[str, ...]:
    """What the reader should know of the values, in a CT of its Hounsfield units."""
    lossy = any(text(file.header, "LossyImageCompression") == "01" for file in files)
    notes = ["The pixels were once compressed with loss; values are approximate."] if lossy else []
    if not all(text(file.header, "PixelRepresentation") for file in files):
        notes.append(f"{tag_name('PixelRepresentation')} is missing: unsigned values are assumed.")
    if modality != "CT":
        return tuple(notes)
    if any(frame.slope is None for frame in frames):
        notes.append(
            f"{tag_name('RescaleSlope')} and {tag_name('RescaleIntercept')} are missing: "
            "1 and 0 are assumed, stored values are taken for Hounsfield units."
        )
    kinds = {text(file.header, "RescaleType") for file in files} - {"", "HU"}
    if kinds:
        notes.append(
            f"{tag_name('RescaleType')} says {', '.join(sorted(kinds))}: the values may not be Hounsfield units."
        )
    if (clipped := int(np.count_nonzero(array == _highest_value(files[0], frames[0])))) > 0:
        notes.append(f"{clipped:,} voxels hold the highest value the file can store ({array.max():g} HU): clipped.")
    if (low := int(np.count_nonzero(array < AIR_HU))) > 0:
        notes.append(
            f"{low:,} voxels lie below -1024 HU (lowest {array.min():g}): outside the scanner's field of view."
        )
    return tuple(notes)


def _highest_value(file: DicomFile, frame: Frame) -> float:
    bits = number(file.header, "BitsStored", file.path) - (text(file.header, "PixelRepresentation") == "1")
    slope = 1.0 if frame.slope is None else frame.slope
    return (2.0**bits - 1.0) * slope + (frame.intercept or 0.0)
