"""The image series of a folder, and the one the user means."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.config import IGNORE
from pydicom.uid import UID

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile, find_dicom_files
from prognosis.imaging.dicom.values import text

_VOLUME_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
    "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR
    "1.2.840.10008.5.1.4.1.1.128",  # PET
    "1.2.840.10008.5.1.4.1.1.128.1",  # Legacy Converted Enhanced PET
    "1.2.840.10008.5.1.4.1.1.130",  # Enhanced PET
}
# Shorter ones are series numbers: '5' must never fit a UID that happens to end in 5.
_SHORTEST_UID_PART = 6


@dataclass(frozen=True)
class ImageSeries:
    """The files of one CT, PET or MR series.

    Args:
        uid: SeriesInstanceUID.
        modality: DICOM modality.
        number: SeriesNumber as text, empty when absent.
        description: SeriesDescription, empty when absent.
        files: Its files, by path.
    """

    uid: str
    modality: str
    number: str
    description: str
    files: tuple[DicomFile, ...]

    @property
    def slices(self) -> int:
        counts = (text(file.header, "NumberOfFrames") for file in self.files)
        return sum(int(count) if count.isdigit() else 1 for count in counts)

    def __str__(self) -> str:
        number = f"series {self.number}" if self.number else "no series number"
        return f"{self.modality}, {self.slices} slices, {number}, '{self.description}', {self.uid}"


@dataclass(frozen=True)
class SeriesInFolder:
    """The image series of a folder, and what else it holds, in words."""

    series: tuple[ImageSeries, ...]
    notes: tuple[str, ...]


def image_series_in(folder: Path) -> SeriesInFolder:
    """List the CT, PET and MR series of a folder and its subfolders; series of localizers alone are left out.

    Raises:
        InputError: As `find_dicom_files`, or an image file names no series.
    """
    found = find_dicom_files(folder)
    grouped: defaultdict[str, list[DicomFile]] = defaultdict(list)
    others: Counter[str] = Counter({"not DICOM": found.others} if found.others else {})
    for file in found.dicom:
        if is_volume_image(file):
            grouped[_series_uid(file)].append(file)
        else:
            others[kind_of(file)] += 1
    series = [_series_of(uid, files) for uid, files in grouped.items()]
    scouts = [one for one in series if all(is_localizer(file) for file in one.files)]
    notes = [f"Series {one.number or one.uid} holds localizers only and is left out." for one in scouts]
    if others:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(others.items()))
        notes.append(f"Other files in the folder are left out: {kinds}.")
    return SeriesInFolder(tuple(one for one in series if one not in scouts), tuple(notes))


def is_volume_image(file: DicomFile) -> bool:
    """Whether a file is a CT, PET or MR image."""
    return text(file.header, "SOPClassUID") in _VOLUME_CLASSES


def kind_of(file: DicomFile) -> str:
    """Return in words what a DICOM file is."""
    return UID(text(file.header, "SOPClassUID"), IGNORE).name or "DICOMDIR"


def is_localizer(file: DicomFile) -> bool:
    """Whether a file says of itself that it is a localizer (scout, topogram)."""
    return "LOCALIZER" in text(file.header, "ImageType").upper().split("\\")


def choose_series(folder: Path, found: SeriesInFolder, wanted: str | None) -> ImageSeries:
    """Return the only series, or the one whose UID, number, or beginning or end of UID is `wanted`.

    Raises:
        InputError: None or several fit; those there are get listed.
    """
    if not found.series:
        raise InputError(
            f"{folder} holds no CT, PET or MR image series.",
            remedy=" ".join(found.notes) or "Give the folder that holds the DICOM files.",
        )
    fitting = list(found.series) if wanted is None else _fitting(found.series, wanted)
    if len(fitting) == 1:
        return fitting[0]
    if wanted is None:
        problem = f"{folder} holds {len(fitting)} image series"
    elif fitting:
        problem = f"{folder}: '{wanted}' fits {len(fitting)} image series"
    else:
        problem = f"{folder}: '{wanted}' fits none of its image series"
    listed = "".join(f"\n  {one}" for one in fitting or found.series)
    raise InputError(f"{problem}:{listed}\n", remedy="Choose one by its UID or number (--series).")


def _fitting(series: Sequence[ImageSeries], wanted: str) -> list[ImageSeries]:
    exact = [one for one in series if one.uid == wanted]
    numbered = [one for one in series if one.number == wanted]
    long_enough = len(wanted) >= _SHORTEST_UID_PART
    parts = [one for one in series if long_enough and (one.uid.startswith(wanted) or one.uid.endswith(wanted))]
    return exact or numbered or parts


def _series_uid(file: DicomFile) -> str:
    uid = text(file.header, "SeriesInstanceUID")
    if not uid:
        raise InputError(
            f"{file.path}: Series Instance UID (0020,000E) is missing.", remedy="Copy it again from its source."
        )
    return uid


def _series_of(uid: str, files: Sequence[DicomFile]) -> ImageSeries:
    header = files[0].header
    return ImageSeries(
        uid, text(header, "Modality"), text(header, "SeriesNumber"), text(header, "SeriesDescription"), tuple(files)
    )
