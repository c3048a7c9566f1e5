"""Pixels of DICOM frames: decoded once, rescaled slice by slice, padding made air."""

import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.config import IGNORE
from pydicom.pixels import get_decoder, pixel_array
from pydicom.uid import UID

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import read_dataset
from prognosis.imaging.dicom.frames import Frame
from prognosis.imaging.dicom.values import UNREADABLE, text

AIR_HU = -1024
_TISSUE_HU = (-500, 3000)

_PIXEL_TAGS = [
    "BitsAllocated",
    "BitsStored",
    "Columns",
    "HighBit",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "PixelData",
    "PixelRepresentation",
    "PlanarConfiguration",
    "Rows",
    "SamplesPerPixel",
]
_UNDECODABLE = (*UNREADABLE, AttributeError, IndexError, RuntimeError)
_DECODERS = {"JPEG": "pylibjpeg pylibjpeg-libjpeg", "JPEG 2000": "pylibjpeg pylibjpeg-openjpeg"}


def read_stack(frames: Sequence[Frame], modality: str) -> tuple[NDArray, tuple[str, ...]]:
    """Decode frames and apply each one's rescale slope and intercept.

    Args:
        frames: The slices in order, all of one size.
        modality: DICOM modality; padding becomes -1024 in CT, else the lowest value of the image. In CT a padding
            value that stands for tissue is left alone.

    Returns:
        Values [k, j, i], int16 when all are whole numbers that fit, else float32; and what was done, in words.

    Raises:
        InputError: A file's pixels are cut short, damaged, or compressed in a way that cannot be decoded.
    """
    whole = all(_is_whole(frame) for frame in frames)
    array = np.empty((len(frames), frames[0].rows, frames[0].columns), np.int32 if whole else np.float32)
    padded: dict[int, NDArray[np.bool_]] = {}
    kept = 0
    by_file: defaultdict[Path, list[int]] = defaultdict(list)
    for k, frame in enumerate(frames):
        by_file[frame.path].append(k)
    for indices in by_file.values():
        stored = _stored_frames(frames[indices[0]])
        for k in indices:
            values = stored[frames[k].index]
            array[k] = _rescaled(values, frames[k])
            if (padding := frames[k].padding) is not None:
                mask = (values >= padding[0]) & (values <= padding[1])
                if modality == "CT" and _stands_for_tissue(frames[k], padding):
                    kept += int(np.count_nonzero(mask))
                elif mask.any():
                    padded[k] = mask
    notes = _fill_padding(array, padded, modality)
    if kept:
        notes += (f"{kept:,} voxels hold the Pixel Padding Value, which stands for tissue: they are left as they are.",)
    return _narrowed(array), notes


def same_pixels(one: Frame, other: Frame) -> bool:
    """Whether two frames show the same values after rescaling."""
    first, second = (_rescaled(_stored_frames(frame)[frame.index], frame) for frame in (one, other))
    return np.array_equal(first, second)


def _is_whole(frame: Frame) -> bool:
    slope, intercept = _line(frame)
    return slope == int(slope) and intercept == int(intercept) and frame.bits <= 16 and abs(slope) < 1 << 14


def _line(frame: Frame) -> tuple[float, float]:
    return 1.0 if frame.slope is None else frame.slope, 0.0 if frame.intercept is None else frame.intercept


def _rescaled(stored: NDArray, frame: Frame) -> NDArray:
    slope, intercept = _line(frame)
    if not _is_whole(frame):
        return stored * slope + intercept
    values = stored.astype(np.int32)
    if slope != 1:
        values *= int(slope)
    values += int(intercept)
    return values


def _stands_for_tissue(frame: Frame, padding: tuple[int, int]) -> bool:
    slope, intercept = _line(frame)
    ends = [value * slope + intercept for value in padding]
    return max(ends) > _TISSUE_HU[0] and min(ends) < _TISSUE_HU[1]


def _narrowed(array: NDArray) -> NDArray:
    if array.dtype == np.float32:
        return array
    limits = np.iinfo(np.int16)
    fits = limits.min <= array.min() and array.max() <= limits.max
    return array.astype(np.int16 if fits else np.float32)


def _fill_padding(array: NDArray, padded: dict[int, NDArray[np.bool_]], modality: str) -> tuple[str, ...]:
    if not padded:
        return ()
    if modality == "CT":
        fill = float(AIR_HU)
    else:
        valid = [array[k][~padded[k]] if k in padded else array[k] for k in range(len(array))]
        fill = float(min((values.min() for values in valid if values.size), default=0))
    changed = 0
    for k, mask in padded.items():
        changed += int(np.count_nonzero(array[k][mask] != fill))
        array[k][mask] = fill
    unit = " HU" if modality == "CT" else ""
    return (f"{changed:,} padding voxels (Pixel Padding Value) were set to {fill:g}{unit}.",) if changed else ()


def _stored_frames(frame: Frame) -> NDArray:
    """The stored values [frame, row, column] of a frame's file."""
    dataset = read_dataset(frame.path, specific_tags=_PIXEL_TAGS)
    pixels = _pixel_bytes(dataset)
    if not pixels:
        raise _truncated(frame.path, "it holds no complete Pixel Data (7FE0,0010)")
    syntax = UID(text(dataset.file_meta, "TransferSyntaxUID"), IGNORE)
    if not syntax.is_transfer_syntax:
        raise InputError(
            f"{frame.path}: Transfer Syntax UID (0002,0010) names no transfer syntax.",
            remedy="Copy it again from its source.",
        )
    expected = frame.frames_in_file * frame.rows * frame.columns * frame.bits // 8
    if not syntax.is_compressed and len(pixels) < expected:
        raise _truncated(
            frame.path,
            f"it holds {len(pixels):,} of the {expected:,} bytes of pixels its header announces",
        )
    stored = _decoded(dataset, frame)
    if stored.size != frame.frames_in_file * frame.rows * frame.columns:
        raise InputError(f"{frame.path}: its pixels do not fit its header.", remedy="Copy it again from its source.")
    return stored.reshape(frame.frames_in_file, frame.rows, frame.columns)


def _pixel_bytes(dataset: Dataset) -> bytes:
    try:
        return dataset.get("PixelData") or b""
    except UNREADABLE:
        return b""


def _decoded(dataset: Dataset, frame: Frame) -> NDArray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pixel_array(dataset, raw=True)
    except _UNDECODABLE as error:
        if frame.frames_in_file == 1:
            stored = _decoded_by_gdcm(frame)
            if stored is not None:
                return stored
        raise _undecodable(dataset, frame.path) from error


def _decoded_by_gdcm(frame: Frame) -> NDArray | None:
    """The stored values as SimpleITK's GDCM decodes them, its own rescaling undone; None when it cannot."""
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(frame.path))
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        values = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError:
        return None
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)
    if values.size != frame.rows * frame.columns:
        return None
    slope, intercept = _line(frame)
    return np.rint((values.astype(np.float64) - intercept) / slope).astype(np.int64)


def _truncated(path: Path, how: str) -> InputError:
    return InputError(f"{path} is truncated: {how}.", remedy="Copy it again from its source.")


def _undecodable(dataset: Dataset, path: Path) -> InputError:
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if available:
        return InputError(
            f"{path}: its pixels ({syntax.name}) cannot be decoded; they are damaged or truncated.",
            remedy="Copy it again from its source.",
        )
    packages = _DECODERS["JPEG 2000" if "JPEG 2000" in syntax.name else "JPEG"]
    return InputError(
        f"{path}: its pixels are compressed as {syntax.name}, for which no decoder is installed.",
        remedy=f"Install one (pip install {packages}), or export the series uncompressed.",
    )
