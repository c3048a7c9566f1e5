"""What scanning a folder finds, before anything is paired."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FoundImage:
    """A DICOM series or an image file.

    Args:
        path: The folder that holds all its files, or the file.
        patient: Tells patients apart; never shown, for it may be a patient's id.
        person: Hashes of name, date of birth and sex, '' where the image does not tell.
        modality: 'CT', 'PT', 'MR'; '' for an image file, which does not tell.
        series_uid: SeriesInstanceUID, '' for an image file.
        study_uid: StudyInstanceUID, '' for an image file.
        frame_of_reference_uid: '' where the image does not tell.
        date: ISO date of the study, '' where the image does not tell.
        slices: How many; 0 for an image file.
        attenuation_corrected: Whether a PET says that it is.
        shares_folder: Whether other series lie in `path` too.
    """

    path: Path
    patient: str
    person: tuple[str, ...] = ()
    modality: str = ""
    series_uid: str = ""
    study_uid: str = ""
    frame_of_reference_uid: str = ""
    date: str = ""
    slices: int = 0
    attenuation_corrected: bool = False
    shares_folder: bool = False


@dataclass(frozen=True)
class FoundSegmentation:
    """A DICOM SEG, an RTSTRUCT, or a file of labels.

    Args:
        path: The file.
        patient: As of an image; '' for a file of labels, which does not tell.
        uid: SOPInstanceUID, '' for a file of labels.
        series_uids: Series it says it was drawn on.
        image_uids: Slices it says it was drawn on.
        frame_of_reference_uids: In which its coordinates are told.
    """

    path: Path
    patient: str = ""
    uid: str = ""
    series_uids: frozenset[str] = frozenset()
    image_uids: frozenset[str] = frozenset()
    frame_of_reference_uids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pair:
    """A segmentation and the image it was drawn on."""

    image: FoundImage
    segmentation: FoundSegmentation


def is_utf8(name: str) -> bool:
    """Whether a file's name is text; on POSIX it may hold any bytes."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class Words:
    """Names things by where they lie in the scanned folder.

    Args:
        folder: The scanned folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, path: Path) -> str:
        """A path below the folder; bytes that are no text are shown by their numbers."""
        below = os.fsencode(path.relative_to(self._folder).as_posix()).decode("utf-8", "backslashreplace")
        return "the folder itself" if path == self._folder else below

    def image(self, image: FoundImage) -> str:
        if not image.series_uid:
            return self.path(image.path)
        return f"{image.modality} series {image.series_uid} ({image.slices} slices, in {self.path(image.path)})"

    def images(self, images: Sequence[FoundImage]) -> str:
        return "; ".join(self.image(image) for image in images)

    def segmentations(self, segmentations: Sequence[FoundSegmentation]) -> str:
        return ", ".join(self.path(one.path) for one in segmentations)
