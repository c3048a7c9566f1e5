"""A cohort of lesion phantoms as files: what a user's own cohort looks like, and the truth beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from prognosis.files import require_free_space, write_csv
from prognosis.imaging.lesion_writing import write_seg_nrrd
from prognosis.imaging.writing import write_volume
from prognosis.phantoms.lesions.options import LesionPhantomOptions
from prognosis.phantoms.lesions.patient import PHANTOM, PhantomPatient, draw_patient, organ_masks
from prognosis.phantoms.lesions.truth import PatientTruth

COHORT_HEADER = (
    "patient_id", "annotation_id", "time_days", "event", "image", "lesions", "organs", "group", "site"
)  # fmt: skip
TRUTH_HEADER = (
    "patient_id", "lesion", "organ", "volume_mm3", "texture", "margin", "lesion_risk", "lesion_log_hazard", "log_hazard"
)  # fmt: skip
_BYTES_PER_VOXEL = 2.0  # of image and masks together on disk; the image is noise and hardly shrinks


def write_cohort(
    options: LesionPhantomOptions, output: Path, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Draw a cohort and write a folder a patient, `cohort.csv` (a row an annotation) and `truth.csv` (a row a lesion).

    Args:
        options: The cohort.
        output: Folder to write into; made when it does not exist.
        progress: Told after each patient how many are done, and of how many.

    Returns:
        The path of `cohort.csv`.

    Raises:
        UsageError: The disk cannot hold the cohort.
    """
    i, j, k = options.size
    require_free_space(output, int(options.patients * i * j * k * _BYTES_PER_VOXEL))
    output.mkdir(parents=True, exist_ok=True)
    cohort: list[tuple[object, ...]] = []
    truth: list[tuple[object, ...]] = []
    for index in range(options.patients):
        patient = draw_patient(options, index)
        name = f"patient-{index:06d}"
        write_patient(patient, output / name)
        cohort.extend(_cohort_rows(patient.truth, name))
        truth.extend(_truth_rows(patient.truth, name))
        if progress is not None:
            progress(index + 1, options.patients)
    write_csv(output / "truth.csv", TRUTH_HEADER, truth)
    write_csv(output / "cohort.csv", COHORT_HEADER, cohort)
    return output / "cohort.csv"


def write_patient(patient: PhantomPatient, folder: Path) -> None:
    """Write image, organs and each reader's lesions into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    geometry = patient.image.geometry
    write_volume(patient.image, folder / "image.nrrd")
    write_seg_nrrd(organ_masks(patient), geometry, folder / "organs.seg.nrrd", phantom=PHANTOM)
    for number, lesions in enumerate(patient.annotations, start=1):
        write_seg_nrrd(lesions, geometry, folder / _lesions_file(number), phantom=PHANTOM)


def _cohort_rows(truth: PatientTruth, name: str) -> Iterator[tuple[object, ...]]:
    folder = PurePosixPath(name)
    for number in range(1, truth.annotators + 1):
        yield (
            name,
            f"reader-{number}",
            truth.time_days,
            int(truth.event),
            folder / "image.nrrd",
            folder / _lesions_file(number),
            folder / "organs.seg.nrrd",
            truth.group,
            truth.site,
        )


def _truth_rows(truth: PatientTruth, name: str) -> Iterator[tuple[object, ...]]:
    for lesion in truth.lesions:
        yield (
            name,
            lesion.label,
            lesion.organ.value,
            lesion.volume_mm3,
            lesion.texture,
            lesion.margin,
            lesion.risk,
            truth.lesion_log_hazard,
            truth.log_hazard,
        )


def _lesions_file(number: int) -> str:
    return f"lesions-{number}.seg.nrrd"
