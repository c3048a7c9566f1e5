"""DICOM files of a scanned folder, from their headers: series of images, and segmentations with what they refer to."""

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydicom import Dataset

from prognosis.cohort.scan_found import FoundImage, FoundSegmentation
from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile, read_dataset
from prognosis.imaging.dicom.series import is_localizer, is_volume_image, kind_of
from prognosis.imaging.dicom.values import UNREADABLE, items, text

# A damaged tag may also turn a sequence into text, which then lacks what a sequence has.
_DAMAGED = (*UNREADABLE, AttributeError)
_SEGMENTATIONS = ("SEG", "RTSTRUCT")
_PERSON = ("PatientName", "PatientBirthDate", "PatientSex")
_BETWEEN_NAMES = re.compile(r"[\s^=,]+")
_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "Modality", "ImageType", "NumberOfFrames", "CorrectedImage",
    "PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "StudyDate",
    "ReferencedFrameOfReferenceSequence", "ReferencedSeriesSequence", "DirectoryRecordSequence",
]  # fmt: skip


@dataclass
class _Series:
    """A series while its files are met; all but the files is as the first file tells.

    Args:
        header: The first file.
        frames: File -> its slices.
        folders: Where its files and copies of them lie.
        only_localizers: Whether no file is of the image proper.
    """

    header: DicomFile
    frames: Counter[Path] = field(default_factory=Counter)
    folders: set[Path] = field(default_factory=set)
    only_localizers: bool = True


@dataclass
class DicomIndex:
    """Collects headers of DICOM files one by one, keeping of each only what pairing needs.

    Args:
        others: Kind of other objects -> how many.
        copies: How many files hold an object that another file holds too; the first by path counts.
        series_of_slice: SOPInstanceUID -> SeriesInstanceUID of images.
    """

    others: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    series_of_slice: dict[str, str] = field(default_factory=dict)
    _series: dict[str, _Series] = field(default_factory=dict)
    _segmentations: dict[str, FoundSegmentation] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """Read the header of a DICOM file.

        Raises:
            InputError: It is damaged, or lacks what tells where it belongs.
        """
        file = DicomFile(path, read_dataset(path, stop_before_pixels=True, specific_tags=_TAGS))
        try:
            self._sort_in(file)
        except _DAMAGED as error:
            raise InputError(f"{path} is a damaged DICOM file.") from error

    def _sort_in(self, file: DicomFile) -> None:
        if text(file.header, "Modality") in _SEGMENTATIONS:
            self._add_segmentation(_segmentation_of(file))
        elif is_volume_image(file):
            self._add_image(file)
        elif text(file.header, "SOPClassUID") or "DirectoryRecordSequence" in file.header:
            self.others[kind_of(file)] += 1
        else:
            raise InputError(f"{file.path} is a damaged or truncated DICOM file.")

    @property
    def segmentations(self) -> list[FoundSegmentation]:
        """The SEG and RTSTRUCT objects."""
        return list(self._segmentations.values())

    def images(self) -> tuple[list[FoundImage], list[FoundImage]]:
        """The series found, and those of a single slice; series of localizers alone are counted among the others."""
        kept = {uid: series for uid, series in self._series.items() if not series.only_localizers}
        folders = {uid: _common_folder(list(series.frames)) for uid, series in kept.items()}
        holds = _series_below(kept)
        found = [_image_of(uid, series, folders[uid], len(holds[folders[uid]]) > 1) for uid, series in kept.items()]
        return [image for image in found if image.slices > 1], [image for image in found if image.slices < 2]

    def _add_segmentation(self, segmentation: FoundSegmentation) -> None:
        known = self._segmentations.setdefault(segmentation.uid or str(segmentation.path), segmentation)
        self.copies += known is not segmentation

    def _add_image(self, file: DicomFile) -> None:
        uid = text(file.header, "SeriesInstanceUID")
        if not uid:
            raise InputError(f"{file.path} names no series.")
        series = self._series.setdefault(uid, _Series(file))
        series.folders.add(file.path.parent)
        slice_uid = text(file.header, "SOPInstanceUID")
        if self.series_of_slice.get(slice_uid) == uid:
            self.copies += 1
            return
        self.series_of_slice[slice_uid] = uid
        count = text(file.header, "NumberOfFrames")
        series.frames[file.path] = int(count) if count.isdigit() else 1
        if is_localizer(file):
            self.others["localizer"] += 1
        else:
            series.only_localizers = False


def _image_of(uid: str, series: _Series, folder: Path, shares_folder: bool) -> FoundImage:
    header = series.header.header
    paths = list(series.frames)
    return FoundImage(
        path=paths[0] if len(paths) == 1 else folder,
        patient=_patient_of(header),
        person=tuple(_told_apart(text(header, keyword)) for keyword in _PERSON),
        modality=text(header, "Modality"),
        series_uid=uid,
        study_uid=text(header, "StudyInstanceUID"),
        frame_of_reference_uid=text(header, "FrameOfReferenceUID"),
        date=_iso(text(header, "StudyDate")),
        slices=series.frames.total(),
        attenuation_corrected="ATTN" in text(header, "CorrectedImage").split("\\"),
        shares_folder=shares_folder and len(paths) > 1,
    )


def _segmentation_of(file: DicomFile) -> FoundSegmentation:
    """Read the references of an RTSTRUCT, or those of a SEG."""
    header, path = file.header, file.path
    frames = items(header, "ReferencedFrameOfReferenceSequence", path)
    studies = [study for frame in frames for study in items(frame, "RTReferencedStudySequence", path)]
    series = [one for study in studies for one in items(study, "RTReferencedSeriesSequence", path)]
    slices = [item for one in series for item in items(one, "ContourImageSequence", path)]
    series_of_seg = items(header, "ReferencedSeriesSequence", path)
    slices += [item for one in series_of_seg for item in items(one, "ReferencedInstanceSequence", path)]
    return FoundSegmentation(
        path=path,
        patient=_patient_of(header),
        uid=text(header, "SOPInstanceUID"),
        series_uids=_told("SeriesInstanceUID", [*series, *series_of_seg]),
        image_uids=_told("ReferencedSOPInstanceUID", slices),
        frame_of_reference_uids=_told("FrameOfReferenceUID", [header, *frames]),
    )


def _told(keyword: str, datasets: Sequence[Dataset]) -> frozenset[str]:
    return frozenset(uid for dataset in datasets if (uid := text(dataset, keyword)))


def _patient_of(header: Dataset) -> str:
    """What tells the patient from others: the id with its issuer, else the study."""
    patient_id = text(header, "PatientID")
    if patient_id:
        return f"id {text(header, 'IssuerOfPatientID')} {patient_id}"
    return f"study {text(header, 'StudyInstanceUID')}"


def _told_apart(words: str) -> str:
    """A hash of what is told of a person, however it is spaced and capitalised; '' where nothing is."""
    plain = _BETWEEN_NAMES.sub(" ", words).strip().casefold()
    return hashlib.sha256(plain.encode("utf-8", "backslashreplace")).hexdigest() if plain else ""


def _iso(dicom_date: str) -> str:
    try:
        return datetime.strptime(dicom_date, "%Y%m%d").date().isoformat()
    except ValueError:
        return ""


def _common_folder(paths: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([path.parent for path in paths]))


def _series_below(series: Mapping[str, _Series]) -> Mapping[Path, set[str]]:
    """Folder -> series with a file in it or below it."""
    holds: defaultdict[Path, set[str]] = defaultdict(set)
    for uid, one in series.items():
        for parent in one.folders:
            for folder in (parent, *parent.parents):
                holds[folder].add(uid)
    return holds
