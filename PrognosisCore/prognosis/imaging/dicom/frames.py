"""One record a frame, the same for classic single-frame files and enhanced multi-frame objects."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.series import is_localizer
from prognosis.imaging.dicom.values import (
    has_value,
    items,
    nested_items,
    number,
    numbers,
    positive_integer,
    tag_name,
    text,
)
from prognosis.imaging.scalar.files import MAX_VOXELS

# Tags that tell one pass over the patient from another, the most telling first.
PHASE_KEYWORDS = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "NominalPercentageOfCardiacPhase",
    "NominalPercentageOfRespiratoryPhase",
    "NominalCardiacTriggerDelayTime",
    "TriggerTime",
    "FrameReferenceTime",
    "AcquisitionNumber",
    "FrameAcquisitionNumber",
    "EchoTime",
    "DiffusionBValue",
    "ConvolutionKernel",
    "KVP",
    "ImageType",
    "FrameType",
    "AcquisitionTime",
    "AcquisitionDateTime",
    "ContentTime",
)
_UNIT_TOLERANCE = 1e-2


@dataclass(frozen=True)
class Frame:
    """Where one slice lies and how its stored values are to be read.

    Args:
        path: Its file.
        index: Its place in the file, from 0.
        frames_in_file: Number of frames of the file.
        rows: Number of rows.
        columns: Number of columns.
        bits: BitsAllocated of a stored value.
        position: Patient position (LPS, mm) of its first voxel.
        orientation: Direction cosines of a row, then of a column.
        spacing: Distance between rows, then between columns, in mm.
        slope: Rescale slope, None when absent.
        intercept: Rescale intercept, None when absent.
        padding: First and last stored value that stands for 'no image here', None when absent.
        phases: Value of each tag in `PHASE_KEYWORDS` that is present, and the file of a multi-frame object.
    """

    path: Path
    index: int
    frames_in_file: int
    rows: int
    columns: int
    bits: int
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing: tuple[float, ...]
    slope: float | None
    intercept: float | None
    padding: tuple[int, int] | None
    phases: Mapping[str, str]

    def __str__(self) -> str:
        return self.path.name if self.frames_in_file == 1 else f"{self.path.name} frame {self.index + 1}"


def read_frames(files: Iterable[DicomFile]) -> tuple[list[Frame], int]:
    """Describe the frames of a series; localizers are left out.

    Returns:
        The frames in file order, and how many localizers are left out.

    Raises:
        InputError: A file lacks what places it in the patient, is in colour, or announces an absurd size.
    """
    frames: list[Frame] = []
    localizers = 0
    for file in files:
        if is_localizer(file):
            localizers += 1
        else:
            frames.extend(_frames_of(file))
    voxels = sum(frame.rows * frame.columns for frame in frames)
    if voxels > MAX_VOXELS:
        raise InputError(
            f"{frames[0].path.parent}: the series announces {voxels:,} voxels; at most {MAX_VOXELS:,} are read.",
            remedy="Check Rows (0028,0010) and Columns (0028,0011), or give fewer slices.",
        )
    return frames, localizers


def _frames_of(file: DicomFile) -> Iterator[Frame]:
    header, path = file.header, file.path
    if text(header, "SamplesPerPixel") not in ("", "1") or text(header, "PhotometricInterpretation").startswith("PAL"):
        raise InputError(f"{path} is in colour.", remedy="Give the original series, not screen captures.")
    count = positive_integer(header, "NumberOfFrames", path) if has_value(header, "NumberOfFrames") else 1
    _check_budget(file, count)
    per_frame = items(header, "PerFrameFunctionalGroupsSequence", path)
    if not per_frame:
        if count > 1:
            raise InputError(
                f"{path} has {count} frames but does not say where each lies: "
                f"{tag_name('PerFrameFunctionalGroupsSequence')} is missing.",
                remedy="Export the series as single slices.",
            )
        yield _frame(file, 0, 1, [header])
        return
    if len(per_frame) != count:
        raise InputError(
            f"{path}: {tag_name('NumberOfFrames')} is {count}, but {len(per_frame)} frames are described.",
            remedy="The object is damaged; export it again.",
        )
    shared = [
        group for item in items(header, "SharedFunctionalGroupsSequence", path) for group in nested_items(item, path)
    ]
    for index, item in enumerate(per_frame):
        yield _frame(file, index, count, [*nested_items(item, path), *shared, header])


def _check_budget(file: DicomFile, count: int) -> None:
    rows = positive_integer(file.header, "Rows", file.path)
    columns = positive_integer(file.header, "Columns", file.path)
    if rows * columns * count > MAX_VOXELS:
        raise InputError(
            f"{file.path}: its header announces {rows} rows (0028,0010), {columns} columns (0028,0011) and {count} "
            f"frames (0028,0008), {rows * columns * count:,} voxels; at most {MAX_VOXELS:,} are read.",
            remedy="The header is damaged; export the series again.",
        )


def _frame(file: DicomFile, index: int, count: int, sources: list[Dataset]) -> Frame:
    """Take every tag from the first source that has it: the frame's own, then the shared, then the header."""

    def source_of(keyword: str) -> Dataset:
        return next((source for source in sources if has_value(source, keyword)), file.header)

    def optional(keyword: str) -> float | None:
        source = source_of(keyword)
        return number(source, keyword, file.path) if has_value(source, keyword) else None

    def several(keyword: str, length: int) -> tuple[float, ...]:
        return numbers(source_of(keyword), keyword, length, file.path)

    phases = {keyword: text(source_of(keyword), keyword) for keyword in PHASE_KEYWORDS}
    if count > 1:
        phases["file"] = file.path.name
    frame = Frame(
        path=file.path,
        index=index,
        frames_in_file=count,
        rows=positive_integer(file.header, "Rows", file.path),
        columns=positive_integer(file.header, "Columns", file.path),
        bits=positive_integer(file.header, "BitsAllocated", file.path),
        position=several("ImagePositionPatient", 3),
        orientation=several("ImageOrientationPatient", 6),
        spacing=several("PixelSpacing", 2),
        slope=optional("RescaleSlope"),
        intercept=optional("RescaleIntercept"),
        padding=_padding(file),
        phases={keyword: value for keyword, value in phases.items() if value},
    )
    _check_lattice(frame)
    return frame


def _padding(file: DicomFile) -> tuple[int, int] | None:
    header = file.header
    if not has_value(header, "PixelPaddingValue"):
        return None
    ends = [number(header, "PixelPaddingValue", file.path)]
    if has_value(header, "PixelPaddingRangeLimit"):
        ends.append(number(header, "PixelPaddingRangeLimit", file.path))
    bits = positive_integer(header, "BitsAllocated", file.path)
    signed = text(header, "PixelRepresentation") == "1"
    values = [_as_stored(int(end), bits, signed=signed) for end in ends]
    return min(values), max(values)


def _as_stored(value: int, bits: int, *, signed: bool) -> int:
    """Read a padding value in the representation of the pixels: many writers put -2000 down as 63536."""
    value %= 1 << bits
    return value - (1 << bits) if signed and value >= 1 << (bits - 1) else value


def _check_lattice(frame: Frame) -> None:
    if min(frame.spacing) <= 0:
        raise InputError(
            f"{frame.path}: {tag_name('PixelSpacing')} is {frame.spacing[0]:g}\\{frame.spacing[1]:g}.",
            remedy="Export the series again from the archive, unaltered.",
        )
    axes = np.reshape(frame.orientation, (2, 3))
    if np.abs(axes @ axes.T - np.eye(2)).max() > _UNIT_TOLERANCE:
        raise InputError(
            f"{frame.path}: {tag_name('ImageOrientationPatient')} is not two unit vectors at right angles.",
            remedy="Export the series again from the archive, unaltered.",
        )
    if frame.slope == 0:
        raise InputError(
            f"{frame.path}: {tag_name('RescaleSlope')} is 0.", remedy="Export the series again from the archive."
        )
