"""Contours of one tumour for two images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prognosis.biomarkers.images.tumour_parts import fraction_outside
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_mask import LesionMask, LesionSet
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.volume import Volume

_WHOLLY = 1.0 - 1e-6


@dataclass(frozen=True)
class Contours:
    """Tumours by image.

    Args:
        tumours: Modality -> at least one tumour; the same tuple twice where one file serves both.
        notes: What was found while reading, in words for the user.
    """

    tumours: Mapping[Modality, tuple[LesionMask, ...]]
    notes: tuple[str, ...]


def read_contours(
    volumes: Mapping[Modality, Volume],
    own: Mapping[Modality, Path | None],
    shared: Path | None,
    choice: LesionChoice,
) -> Contours:
    """Read for each image the contour drawn for it, else the shared one, else the other image's.

    Args:
        volumes: The images at hand, in one patient space.
        own: Modality -> the contour drawn for that image alone.
        shared: The contour that serves both.
        choice: Which segments are tumours.

    Raises:
        InputError: A file cannot be read as lesions, holds none, or none of them lies in its image.
    """
    files = {modality: own[modality] or shared or _others(own, modality) for modality in volumes}
    read: dict[Path, LesionSet] = {}
    tumours: dict[Modality, tuple[LesionMask, ...]] = {}
    notes: list[str] = []
    for modality, path in files.items():
        if path is None:
            raise InputError(f"No contour is given for the {modality.shown}.", remedy="Give --tumour.")
        if path not in read:
            drawn_for = [one for one, file in files.items() if file == path]
            read[path] = _read_where_drawn(path, [volumes[one] for one in drawn_for], choice)
            whose = f"{modality.shown} contour: " if len(drawn_for) < len(files) else ""
            notes += [f"{whose}{note}" for note in _notes(read[path])]
        inside = _inside(read[path].lesions, volumes[modality], path, modality)
        left_out = len(read[path].lesions) - len(inside)
        if left_out:
            notes.append(f"{left_out} tumour(s) wholly outside the {modality.shown} are left out there")
        if own[modality] is None and shared is None:
            notes.append(f"the contour of the other image serves the {modality.shown} too")
        tumours[modality] = inside
    return Contours(tumours, tuple(notes))


def _others(own: Mapping[Modality, Path | None], modality: Modality) -> Path | None:
    return next((path for other, path in own.items() if other is not modality and path is not None), None)


def _read_where_drawn(path: Path, images: list[Volume], choice: LesionChoice) -> LesionSet:
    """Read lesions against the image they were drawn on, where they tell, else against the first that takes them."""
    refused: InputError | None = None
    for image in images:
        try:
            found = read_lesions(path, image, choice)
        except InputError as error:
            refused = refused or error
            continue
        drawn_on = [one for one in images if one.series_uid and one.series_uid == found.referenced_series_uid]
        return found if not drawn_on or drawn_on[0] is image else read_lesions(path, drawn_on[0], choice)
    if refused is None:
        msg = "needs at least one image"
        raise ValueError(msg)
    raise refused


def _inside(tumours: tuple[LesionMask, ...], image: Volume, path: Path, modality: Modality) -> tuple[LesionMask, ...]:
    if not tumours:
        raise InputError(f"{path.name} holds no tumour.", remedy="Give a file with the tumour's contour.")
    inside = tuple(tumour for tumour in tumours if fraction_outside(tumour, image.geometry) < _WHOLLY)
    if not inside:
        raise InputError(
            f"What {path.name} holds lies wholly outside the {modality.shown}.",
            remedy="Give the contour that was drawn on this patient's images.",
        )
    return tumours if len(inside) == len(tumours) else inside


def _notes(found: LesionSet) -> list[str]:
    return [*found.notes, *(f"{lesion.name}: {note}" for lesion in found.lesions for note in lesion.notes)]
