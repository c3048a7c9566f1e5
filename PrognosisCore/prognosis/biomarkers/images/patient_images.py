"""PET, CT and contours of one patient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from prognosis.biomarkers.images.contours import read_contours
from prognosis.biomarkers.images.space import require_same_space
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError
from prognosis.imaging.lesion_choice import ALL_LESIONS, LesionChoice
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.pet.conversion import SuvConversion, SuvVolume
from prognosis.imaging.pet.given import SuvGiven
from prognosis.imaging.pet.suv import read_suv
from prognosis.imaging.readers import read_volume
from prognosis.imaging.volume import Volume

_LEAST_AIR_HU = -150.0
_MOST_BONE_HU = 100.0


@dataclass(frozen=True)
class PatientFiles:
    """What is read of one patient; CT or PET may be missing, not both.

    Args:
        ct, pet: Image files or DICOM folders.
        tumour: The contour that serves both images.
        ct_tumour, pet_tumour: Contours drawn for one of them, in place of `tumour`.
        ct_series, pet_series: Which series of a folder that holds several.
        choice: Which segments of the contour files are tumours.
        given: What SUV needs and the PET's header lacks.
    """

    ct: Path | None = None
    pet: Path | None = None
    tumour: Path | None = None
    ct_tumour: Path | None = None
    pet_tumour: Path | None = None
    ct_series: str | None = None
    pet_series: str | None = None
    choice: LesionChoice = ALL_LESIONS
    given: SuvGiven = field(default_factory=SuvGiven)


@dataclass(frozen=True)
class PatientImages:
    """The images of one patient, in one patient space, and the tumours drawn on them.

    Args:
        ct: In HU, any orientation; None when not given.
        pet: In SUV (body weight), any orientation; None when not given.
        suv: How the PET became SUV.
        tumours: Modality -> tumours of that image, at least one; the same tuple twice where one contour serves both.
        phantom: Whether all images given are simulated.
        notes: What was done or found while reading, in words for the user.
    """

    ct: Volume | None
    pet: Volume | None
    suv: SuvConversion | None
    tumours: Mapping[Modality, tuple[LesionMask, ...]]
    phantom: bool = False
    notes: tuple[str, ...] = ()

    @property
    def volumes(self) -> dict[Modality, Volume]:
        """The images that were given, CT first."""
        both = {Modality.CT: self.ct, Modality.PET: self.pet}
        return {modality: volume for modality, volume in both.items() if volume is not None}


def read_patient_images(files: PatientFiles) -> PatientImages:
    """Read a patient's CT, PET and contours, and make sure that they belong together.

    Raises:
        InputError: Neither image or no contour is given, a file cannot be used, the images lie in different frames of
            reference or hardly overlap, or a contour lies outside its image.
        UsageError: A series is given for a file.
    """
    if files.ct is None and files.pet is None:
        raise InputError("Neither a CT nor a PET is given.", remedy="Give --ct, --pet or both.")
    if files.tumour is None and files.ct_tumour is None and files.pet_tumour is None:
        raise InputError("No contour of the tumour is given.", remedy="Give --tumour.")
    ct = None if files.ct is None else _read_ct(files.ct, files.ct_series)
    pet = None if files.pet is None else _read_pet(files.pet, files)
    if ct is not None and pet is not None:
        require_same_space(ct, pet.volume)
    volumes = {Modality.CT: ct, Modality.PET: None if pet is None else pet.volume}
    given = {modality: volume for modality, volume in volumes.items() if volume is not None}
    own = {Modality.CT: files.ct_tumour, Modality.PET: files.pet_tumour}
    contours = read_contours(given, own, files.tumour, files.choice)
    return PatientImages(
        ct=ct,
        pet=volumes[Modality.PET],
        suv=None if pet is None else pet.how,
        tumours=contours.tumours,
        phantom=all(volume.phantom is not None for volume in given.values()),
        notes=(
            *(f"{modality.shown}: {note}" for modality, volume in given.items() for note in volume.notes),
            *contours.notes,
        ),
    )


def _read_ct(path: Path, series: str | None) -> Volume:
    ct = read_volume(path, series=series)
    if ct.modality not in (None, "CT"):
        raise InputError(f"{path} is of modality {ct.modality}, not CT.", remedy="Choose the patient's CT.")
    sample = ct.array[:: max(1, len(ct.array) // 8)]
    darkest, brightest = float(np.min(sample)), float(np.max(sample))
    if darkest > _LEAST_AIR_HU or brightest < _MOST_BONE_HU:
        return ct.with_notes(
            f"values found run from {darkest:.0f} to {brightest:.0f}: they do not look like Hounsfield units, "
            "features may be wrong"
        )
    return ct


def _read_pet(path: Path, files: PatientFiles) -> SuvVolume:
    return read_suv(path, series=files.pet_series, given=files.given)
