"""A cohort's regions and contours as tensors."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.biomarkers.images.cutting import cut_region
from prognosis.biomarkers.images.intensity import DEFAULT_NORMALISATION, Normalisation
from prognosis.biomarkers.images.patient_images import PatientFiles, PatientImages, read_patient_images
from prognosis.biomarkers.images.region import Region, RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.cohort.table import CohortRow
from prognosis.errors import InputError, PrognosisError
from prognosis.imaging.lesion_choice import ALL_LESIONS, LesionChoice
from prognosis.progress import Progress, silent

OPTIONAL_COLUMNS = ("ct", "pet", "tumour", "ct_tumour", "pet_tumour")
"""Columns of a cohort that are read where they are filled; the modality's own must be, and one with its contour."""
PAPER_REGION = RegionOptions()
_MM3_PER_ML = 1000.0


@dataclass(frozen=True)
class TrainingRegions:
    """Every annotation of a cohort: what a network of one modality sees of it, and the contour.

    Args:
        modality: Whose images.
        region: How regions were cut.
        normalisation: Limits of the intensities; its mean is not removed.
        images: (n, 48, 96, 96) float16 [n, k, j, i], 0 to 255.
        tumours: (n, 48, 96, 96) booleans, each with a voxel at least.
        patient: (n,) index of the patient each annotation is of, 0 to patients - 1, none missing.
        spacing_mm: (n,) distance between voxels.
        ranges: Lowest and highest value met, by name with unit.
        notes: What was left out or found while reading, with counts, in words.
        phantom: Whether an image is simulated; a network trained on such is a demonstration.
    """

    modality: Modality
    region: RegionOptions
    normalisation: Normalisation
    images: Tensor
    tumours: Tensor
    patient: NDArray[np.int64]
    spacing_mm: NDArray[np.float64]
    ranges: dict[str, tuple[float, float]]
    notes: tuple[str, ...] = ()
    phantom: bool = False

    def __len__(self) -> int:
        return len(self.patient)

    @property
    def patients(self) -> int:
        return int(self.patient.max()) + 1

    @property
    def annotation_weight(self) -> NDArray[np.float64]:
        """(n,) 1/m for a patient of m annotations."""
        return 1.0 / np.bincount(self.patient)[self.patient]

    def of(self, patients: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices of the patients' annotations."""
        return np.flatnonzero(np.isin(self.patient, patients))

    def mean_intensity(self, patients: NDArray[np.int64]) -> float:
        """Mean of the patients' images, 0 to 255, each patient weighing the same."""
        rows = self.of(patients)
        means = np.array([float(self.images[row].double().mean()) for row in rows])
        return float(np.average(means, weights=self.annotation_weight[rows]))

    def tumour_share(self, patients: NDArray[np.int64]) -> float:
        """Part of the voxels of the patients' regions that is tumour, above 0 and below 1."""
        tumours = self.tumours[torch.from_numpy(self.of(patients))]
        return (int(tumours.count_nonzero()) + 1) / (tumours.numel() + 2)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all values, to know the data again when a training is resumed."""
        digest = hashlib.sha256(f"{self.modality} {self.region} {self.normalisation}".encode())
        for values in (self.images.numpy(), self.tumours.numpy(), self.patient, self.spacing_mm):
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()


def read_training_regions(
    rows: Sequence[CohortRow],
    modality: Modality,
    region: RegionOptions = PAPER_REGION,
    choice: LesionChoice = ALL_LESIONS,
    *,
    progress: Progress = silent,
) -> TrainingRegions:
    """Read a cohort's images and contours and cut the regions a network of one modality learns from.

    Where a row names PET and CT, both are read, so that regions are those that features are later extracted from.

    Args:
        rows: The cohort, read with `OPTIONAL_COLUMNS`.
        modality: Which image the network reads.
        region: How regions are cut.
        choice: Which segments of each row are the tumour.
        progress: Told after each row.

    Raises:
        InputError: Rows that cannot be read, all of them named; or no row has a tumour in its region.
    """
    normalisation = DEFAULT_NORMALISATION[modality]
    kept: list[_Row] = []
    faults = []
    notes = Counter[str]()
    for number, row in enumerate(rows):
        try:
            read = _read_row(row, modality, region, choice, normalisation)
        except PrognosisError as error:
            faults.append(f"row {row.number}: {error}")
        else:
            notes.update(read.notes)
            if read.tumour.any():
                kept.append(read)
            else:
                notes["annotations left out: their contour holds no voxel of the region"] += 1
        progress(f"reading {modality.shown} and contours", number + 1, len(rows))
    if faults:
        raise InputError(
            f"{len(faults)} rows cannot be read: {' | '.join(faults)}", remedy="Mend or leave out these rows."
        )
    if not kept:
        raise InputError("The cohort has no tumour to learn from.", remedy="Check the column 'tumour'.")
    patients = list(dict.fromkeys(row.patient_id for row in kept))
    return TrainingRegions(
        modality=modality,
        region=region,
        normalisation=normalisation,
        images=torch.from_numpy(np.stack([row.image for row in kept])),
        tumours=torch.from_numpy(np.stack([row.tumour for row in kept])),
        patient=np.array([patients.index(row.patient_id) for row in kept]),
        spacing_mm=np.array([row.spacing_mm for row in kept]),
        ranges=_ranges(kept),
        notes=tuple(f"{count} x {note}" for note, count in notes.most_common()),
        phantom=any(row.phantom for row in kept),
    )


@dataclass(frozen=True)
class _Row:
    """What is kept of one annotation."""

    patient_id: str
    image: NDArray[np.float16]
    tumour: NDArray[np.bool_]
    spacing_mm: float
    measured: dict[str, float]
    notes: tuple[str, ...]
    phantom: bool


def _read_row(
    row: CohortRow, modality: Modality, options: RegionOptions, choice: LesionChoice, normalisation: Normalisation
) -> _Row:
    contours = ("tumour", f"{modality.value}_tumour")
    if not any(column in row.files for column in contours):
        raise InputError(f"No contour is given for the {modality.shown}.", remedy=f"Fill {' or '.join(contours)}.")
    images = read_patient_images(
        PatientFiles(
            ct=row.files.get("ct"),
            pet=row.files.get("pet"),
            tumour=row.files.get("tumour"),
            ct_tumour=row.files.get("ct_tumour"),
            pet_tumour=row.files.get("pet_tumour"),
            ct_series=row.series.get("ct"),
            pet_series=row.series.get("pet"),
            choice=choice,
        )
    )
    region = cut_region(images, options)
    return _Row(
        patient_id=row.patient_id,
        image=normalisation.scaled(region.images[modality]).astype(np.float16),
        tumour=region.tumours[modality],
        spacing_mm=region.geometry.spacing[0],
        measured=_measured(images, region, modality),
        notes=(*images.notes, *region.flags),
        phantom=any(volume.phantom is not None for volume in images.volumes.values()),
    )


def _measured(images: PatientImages, region: Region, modality: Modality) -> dict[str, float]:
    volume = images.ct if modality is Modality.CT else images.pet
    spacing = volume.geometry.spacing if volume is not None else region.geometry.spacing
    return {
        "slice_thickness_mm": float(spacing[2]),
        "pixel_spacing_mm": float(max(spacing[:2])),
        "region_spacing_mm": float(region.geometry.spacing[0]),
        "tumour_volume_ml": sum(tumour.volume_mm3 for tumour in images.tumours[modality]) / _MM3_PER_ML,
        "outside_fraction": region.outside_fraction,
    }


def _ranges(rows: Sequence[_Row]) -> dict[str, tuple[float, float]]:
    return {
        name: (min(row.measured[name] for row in rows), max(row.measured[name] for row in rows))
        for name in rows[0].measured
    }
