"""Rows of a cohort table from pairs found in a folder. Patients get pseudonyms."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prognosis.cohort.scan_found import FoundImage, FoundSegmentation, Pair
from prognosis.cohort.scan_pairing import PetCt

_LEAST_DIGITS = 4


@dataclass(frozen=True)
class ScannedRow:
    """One annotation of one patient, without an outcome.

    Args:
        patient_id: A pseudonym.
        annotation_id: '' for the only one of a patient.
        pair: The image and its segmentation.
        petct: PET and CT of the same examination, where there are both.
        organs: A file of organs beside the image.
    """

    patient_id: str
    annotation_id: str
    pair: Pair
    petct: PetCt | None
    organs: Path | None


def rows_of(
    pairs: Sequence[Pair], petcts: Sequence[PetCt], organs: Mapping[FoundImage, Path]
) -> tuple[ScannedRow, ...]:
    """Order pairs by path and name patients in that order."""
    of_image = {image: petct for petct in petcts for image in (petct.pet, petct.ct)}
    ordered = sorted(pairs, key=lambda pair: (pair.image.path, pair.image.series_uid, pair.segmentation.path))
    patients = list(dict.fromkeys(pair.image.patient for pair in ordered))
    digits = max(_LEAST_DIGITS, len(str(len(patients))))
    pseudonyms = {patient: f"P{number:0{digits}d}" for number, patient in enumerate(patients, start=1)}
    total = Counter(pair.image.patient for pair in ordered)
    met: Counter[str] = Counter()
    rows = []
    for pair in sorted(ordered, key=lambda pair: (pseudonyms[pair.image.patient], pair.image.date)):
        patient = pair.image.patient
        met[patient] += 1
        annotation = str(met[patient]) if total[patient] > 1 else ""
        rows.append(ScannedRow(pseudonyms[patient], annotation, pair, of_image.get(pair.image), organs.get(pair.image)))
    return tuple(rows)


def table_of(rows: Sequence[ScannedRow], folder: Path) -> tuple[list[str], list[list[str]]]:
    """Header and cells of a cohort table in a folder, paths relative to that; columns nobody fills are left out."""
    filled = [_cells(row, folder) for row in rows]
    always = ("patient_id", "annotation_id", "time_days", "event", "image_date", "image", "lesions")
    header = [name for name in (filled[0] if filled else always) if name in always or any(row[name] for row in filled)]
    return header, [[row[name] for name in header] for row in filled]


def _cells(row: ScannedRow, folder: Path) -> dict[str, str]:
    image, segmentation, petct = row.pair.image, row.pair.segmentation, row.petct
    return {
        "patient_id": row.patient_id,
        "annotation_id": row.annotation_id,
        "time_days": "",
        "event": "",
        "image_date": image.date,
        "image": _relative(image.path, folder),
        "series": _series(image),
        "lesions": _relative(segmentation.path, folder),
        "organs": _relative(row.organs, folder) if row.organs else "",
        "ct": _relative(petct.ct.path, folder) if petct else "",
        "ct_series": _series(petct.ct) if petct else "",
        **_pet_cells(image, segmentation, petct, folder),
    }


def _pet_cells(image: FoundImage, segmentation: FoundSegmentation, petct: PetCt | None, folder: Path) -> dict[str, str]:
    pet = petct.pet if petct else image if image.modality == "PT" else None
    if pet is None:
        return {"pet": "", "pet_series": "", "tumour": ""}
    tumour = _relative(segmentation.path, folder)
    return {"pet": _relative(pet.path, folder), "pet_series": _series(pet), "tumour": tumour}


def _series(image: FoundImage) -> str:
    return image.series_uid if image.shares_folder else ""


def _relative(path: Path, folder: Path) -> str:
    """A path as seen from a folder, with forward slashes; absolute where they share no drive.

    One that a table would read otherwise than it is written begins with './'.
    """
    try:
        below = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.as_posix()
    return below if below[0].isalnum() or below.startswith(("..", "_")) else f"./{below}"
