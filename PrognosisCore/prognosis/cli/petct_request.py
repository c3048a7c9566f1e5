"""What `biomarkers score` is asked; light to import, for a run over a cohort computes elsewhere."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prognosis.imaging.lesion_choice import LesionChoice

LARGEST_RESULT_BYTES = 400_000_000


@dataclass(frozen=True)
class PetctRequest:
    """What is scored, by which model, and how it is shown.

    Args:
        ct, pet: Image files or DICOM folders; those the model reads.
        tumour: The contour for both, or None.
        ct_tumour, pet_tumour: Contours of their own.
        ct_series, pet_series: Which series of a folder that holds several.
        choice: Which segments are the tumour.
        weight_kg, dose_bq, suv_factor: Given by hand where the PET lacks them.
        model: Name or folder of a model; None takes the default.
        endpoint: Key of the endpoint whose heat is drawn; '' for the model's first.
        heat: Name of the method.
        show_demonstration_numbers: Show probabilities of a demonstration model.
    """

    ct: Path | None = None
    pet: Path | None = None
    tumour: Path | None = None
    ct_tumour: Path | None = None
    pet_tumour: Path | None = None
    ct_series: str | None = None
    pet_series: str | None = None
    choice: LesionChoice = field(default_factory=LesionChoice)
    weight_kg: float | None = None
    dose_bq: float | None = None
    suv_factor: float | None = None
    model: str | None = None
    endpoint: str = ""
    heat: str = "guided"
    show_demonstration_numbers: bool = False

    @property
    def given(self) -> dict[str, Path]:
        """Role -> what is read."""
        files = {
            "ct": self.ct,
            "pet": self.pet,
            "tumour": self.tumour,
            "ct_tumour": self.ct_tumour,
            "pet_tumour": self.pet_tumour,
        }
        return {role: path for role, path in files.items() if path is not None}


def options_document(request: PetctRequest) -> dict[str, Any]:
    """What was asked for besides the files, so that the same can be asked again."""
    return {
        "ct_series": request.ct_series,
        "pet_series": request.pet_series,
        "lesion_names": list(request.choice.names),
        "lesion_labels": list(request.choice.labels),
        "split_components": request.choice.split_components,
        "min_volume_mm3": request.choice.min_volume_mm3,
        "weight_kg": request.weight_kg,
        "dose_bq": request.dose_bq,
        "suv_factor": request.suv_factor,
        "endpoint": request.endpoint,
        "heat": request.heat,
        "show_demonstration_numbers": request.show_demonstration_numbers,
    }
