"""The one door for lesions: any segmentation file, matched to an image in patient space."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_partial

from prognosis.errors import InputError
from prognosis.imaging.dicom.values import UNREADABLE
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import ALL_LESIONS, LesionChoice, tidy_name
from prognosis.imaging.lesion_mask import LesionMask, LesionSet
from prognosis.imaging.placing import PlacedMask, place_on
from prognosis.imaging.scalar.files import SCALAR_SUFFIXES, image_suffix, open_image_file
from prognosis.imaging.segmentation.dicom_seg import read_dicom_seg
from prognosis.imaging.segmentation.islands import count_islands, split_into_islands
from prognosis.imaging.segmentation.labelmaps import MAX_LESIONS, read_labelmap
from prognosis.imaging.segmentation.rtstruct import read_rtstruct
from prognosis.imaging.segmentation.seg_nrrd import has_segments, read_seg_nrrd
from prognosis.imaging.volume import Volume

_READABLE = "Readable are .seg.nrrd, label maps (NRRD, NIfTI, MetaImage), DICOM SEG and RTSTRUCT."
_MODALITY = 0x00080060
# A damaged tag may also turn a sequence into text, which then lacks what a sequence has.
_DAMAGED = (*UNREADABLE, AttributeError)


def read_lesions(path: Path, image: Volume, choice: LesionChoice = ALL_LESIONS) -> LesionSet:
    """Read the lesions drawn on an image, each as its own small mask in patient space.

    Args:
        path: A `.seg.nrrd`, a label map, a DICOM SEG or RTSTRUCT, or a folder that holds one such DICOM object.
        image: The image they belong to. Lesions may lie on another lattice, but not in another frame of reference.
        choice: Which of them are meant, and whether islands are lesions of their own.

    Returns:
        The lesions, renumbered from 1 in the order of the file: of segments in a `.seg.nrrd` or SEG, of ROIs in an
        RTSTRUCT, ascending in a label map. None at all is a proper result, with a note.

    Raises:
        InputError: The file cannot be read as lesions, the choice fits nothing, the frames of reference differ, a
            lesion lies wholly outside the image, or there are more than 65535.
    """
    found = _read_any(path, image, choice)
    notes = list(found.notes)
    if found.referenced_series_uid and image.series_uid and found.referenced_series_uid != image.series_uid:
        notes.append("the lesions were drawn on another series of the same frame of reference")
    lesions: list[LesionMask] = []
    dropped = 0
    for lesion in found.lesions:
        parts, small = _parts(lesion, choice)
        dropped += small
        lesions += [_with_place_notes(part, image.geometry, path) for part in parts]
    if dropped:
        notes.append(f"{dropped} island(s) smaller than {choice.min_volume_mm3:g} mm3 left out")
    if len(lesions) > MAX_LESIONS:
        raise InputError(
            f"{path.name} holds {len(lesions)} lesions; {MAX_LESIONS} are the most.",
            remedy="Leave out small islands with --min-volume-mm3.",
        )
    if not lesions:
        notes.append("the segmentation holds no lesion")
    return replace(
        found,
        lesions=tuple(lesion.renumbered(label) for label, lesion in enumerate(lesions, start=1)),
        notes=tuple(notes),
    )


def read_organs(path: Path, image: Volume) -> tuple[LesionMask, ...]:
    """Read the organs that an image shows, from any file that `read_lesions` reads.

    Args:
        path: As for `read_lesions`.
        image: The image they belong to.

    Returns:
        The organs with at least one voxel in the image, renumbered from 1 in the order of the file; may be none.

    Raises:
        InputError: The file cannot be read, or the frames of reference differ.
    """
    organs = _read_any(path, image, ALL_LESIONS).lesions
    shown = [organ for organ in organs if place_on(organ, image.geometry).mask.any()]
    return tuple(organ.renumbered(label) for label, organ in enumerate(shown, start=1))


def _read_any(path: Path, image: Volume, choice: LesionChoice) -> LesionSet:
    if not path.exists():
        raise InputError(f"{path} does not exist.", remedy="Check the path of the lesions.")
    if path.is_file() and image_suffix(path) in SCALAR_SUFFIXES:
        opened = open_image_file(path)
        return read_seg_nrrd(opened, path, choice) if has_segments(opened) else read_labelmap(opened, path, choice)
    if path.is_dir():
        path = _only_lesion_object(path)
    try:
        return _read_object(pydicom.dcmread(path), path, image, choice)
    except InvalidDicomError as error:
        raise InputError(f"{path} is neither an image file nor a DICOM object.", remedy=_READABLE) from error
    except _DAMAGED as error:
        raise _damaged(path) from error


def _read_object(dataset: pydicom.Dataset, path: Path, image: Volume, choice: LesionChoice) -> LesionSet:
    modality = str(dataset.get("Modality", ""))
    if modality == "SEG" and "SegmentSequence" in dataset and "Rows" in dataset:
        return read_dicom_seg(dataset, path, image, choice)
    if modality == "RTSTRUCT":
        return read_rtstruct(dataset, path, image, choice)
    kind = getattr(dataset.get("SOPClassUID"), "name", "") or modality or "an unknown object"
    raise InputError(
        f"{path} holds no lesions but {tidy_name(kind, 0)}.",
        remedy=_READABLE,
    )


def _only_lesion_object(folder: Path) -> Path:
    objects = [file for file in sorted(folder.iterdir()) if file.is_file() and _is_lesion_object(file)]
    if len(objects) == 1:
        return objects[0]
    if not objects:
        raise InputError(f"{folder} holds no DICOM SEG or RTSTRUCT.", remedy=_READABLE)
    raise InputError(
        f"{folder} holds {len(objects)} SEG or RTSTRUCT objects: {', '.join(file.name for file in objects)}.",
        remedy="Give the path of one of them.",
    )


def _is_lesion_object(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            header = read_partial(stream, stop_when=lambda tag, _vr, _length: tag > _MODALITY)
        return header.get("Modality") in ("SEG", "RTSTRUCT")
    except InvalidDicomError:
        return False
    except _DAMAGED as error:
        raise _damaged(file) from error


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is truncated or damaged.", remedy="Copy or export it again.")


def _parts(lesion: LesionMask, choice: LesionChoice) -> tuple[Iterable[LesionMask], int]:
    if choice.split_components:
        return split_into_islands(lesion, choice.min_volume_mm3)
    islands = count_islands(lesion)
    if islands == 1:
        return [lesion], 0
    return [lesion.with_notes(f"{islands} separate islands: add --split-components to score them one by one")], 0


def _with_place_notes(lesion: LesionMask, image: Geometry, path: Path) -> LesionMask:
    """Say what the image does not show of a lesion.

    Raises:
        InputError: It shows nothing of it.
    """
    placed = place_on(lesion, image)
    if not placed.mask.any():
        if _centres_in(lesion, image):
            return lesion.with_notes("too small to hold a voxel centre of the image")
        raise InputError(
            f"Lesion '{lesion.name}' of {path.name} lies wholly outside the image.",
            remedy="Give the image it was drawn on, or leave it out with --lesion-names.",
        )
    notes = ["a single voxel"] if np.count_nonzero(placed.mask) == 1 else []
    if placed.lost_fraction > 0:
        notes.append(f"{max(placed.lost_fraction, 0.001):.1%} of it lies outside the image")
    if _touches_border(placed, image):
        notes.append("cut by the image border")
    return lesion.with_notes(*notes)


def _centres_in(lesion: LesionMask, image: Geometry) -> bool:
    centres = lesion.geometry.to_patient(np.argwhere(lesion.mask)[:, ::-1])
    indices = image.to_index(centres)
    return bool(np.any(np.all((indices >= -0.5) & (indices <= np.asarray(image.size) - 0.5), axis=1)))


def _touches_border(placed: PlacedMask, image: Geometry) -> bool:
    ends = zip(placed.start[::-1], placed.mask.shape, image.shape, strict=True)
    return any(
        (start == 0 and placed.mask.take(0, axis).any())
        or (start + length == size and placed.mask.take(-1, axis).any())
        for axis, (start, length, size) in enumerate(ends)
    )
