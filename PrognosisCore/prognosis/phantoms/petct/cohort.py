"""A cohort of PET/CT phantoms as files: what a user's own cohort looks like, and the truth beside it."""

import math
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from prognosis.files import require_free_space, write_csv
from prognosis.imaging.writing import write_volume
from prognosis.phantoms.petct.options import PetctPhantomOptions
from prognosis.phantoms.petct.patient import PetctPatient, draw_patient

COHORT_HEADER = ("patient_id", "time_days", "event", "cause", "ct", "pet", "tumour")
FOLLOWUP_HEADER = ("followup_image", "followup_lesions")
TRUTH_HEADER = (
    "patient_id", "logit", "tlg_true", "volume_ml", "suv_mean", "burden", "periphery", "periphery_mm3", "faces_hilum",
    "hilum_angle_degrees", "left", "centre_l_mm", "centre_p_mm", "centre_s_mm",
)  # fmt: skip
FOLLOWUP_TRUTH_HEADER = (
    "followup_days", "recurrence_mm3", "turn_x_degrees", "turn_y_degrees", "turn_z_degrees", "shift_l_mm",
    "shift_p_mm", "shift_s_mm",
)  # fmt: skip
_BYTES_PER_PATIENT, _BYTES_PER_FOLLOWUP = 1_500_000, 900_000


@dataclass(frozen=True)
class _Rows:
    """A patient's rows of both tables."""

    cohort: tuple[object, ...]
    truth: tuple[object, ...]


def write_cohort(
    options: PetctPhantomOptions,
    output: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    workers: int = 1,
) -> Path:
    """Draw a cohort and write a folder a patient, `cohort.csv` and `truth.csv`, a row a patient.

    Args:
        options: The cohort.
        output: Folder to write into; made when it does not exist.
        progress: Told after each patient how many are done, and of how many.
        workers: How many processes draw at once; the cohort is the same with any number.

    Returns:
        The path of `cohort.csv`.

    Raises:
        UsageError: The disk cannot hold the cohort.
    """
    require_free_space(output, options.patients * (_BYTES_PER_PATIENT + options.followup * _BYTES_PER_FOLLOWUP))
    output.mkdir(parents=True, exist_ok=True)
    rows = []
    for row in _drawn(options, output, workers):
        rows.append(row)
        if progress is not None:
            progress(len(rows), options.patients)
    later = options.followup
    truth_header = (*TRUTH_HEADER, *(FOLLOWUP_TRUTH_HEADER if later else ()))
    cohort_header = (*COHORT_HEADER, *(FOLLOWUP_HEADER if later else ()))
    write_csv(output / "truth.csv", truth_header, [row.truth for row in rows])
    write_csv(output / "cohort.csv", cohort_header, [row.cohort for row in rows])
    return output / "cohort.csv"


def write_patient(patient: PetctPatient, folder: Path) -> None:
    """Write images, contour and truth of a patient into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    write_volume(patient.ct, folder / "ct.nrrd")
    write_volume(patient.pet, folder / "pet.nrrd")
    write_volume(patient.tumour, folder / "tumour.nrrd")
    write_volume(patient.periphery, folder / "periphery.nrrd")
    write_volume(patient.decoys, folder / "decoys.nrrd")
    if patient.followup is not None:
        write_volume(patient.followup.ct, folder / "followup.nrrd")
        write_volume(patient.followup.recurrence, folder / "recurrence.nrrd")


def _drawn(options: PetctPhantomOptions, output: Path, workers: int) -> Iterator[_Rows]:
    indices = range(options.patients)
    if workers <= 1:
        yield from (_draw_and_write(options, output, index) for index in indices)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        count = options.patients
        yield from pool.map(_draw_and_write, [options] * count, [output] * count, indices, chunksize=4)


def _draw_and_write(options: PetctPhantomOptions, output: Path, index: int) -> _Rows:
    patient = draw_patient(options, index)
    name = f"patient-{index:06d}"
    write_patient(patient, output / name)
    cohort, truth = _cohort_row(patient, name), _truth_row(patient, name)
    if options.followup:
        cohort, truth = cohort + _followup_cells(patient, name), truth + _followup_truth(patient)
    return _Rows(cohort, truth)


def _cohort_row(patient: PetctPatient, name: str) -> tuple[object, ...]:
    truth, folder = patient.truth, PurePosixPath(name)
    files = (folder / "ct.nrrd", folder / "pet.nrrd", folder / "tumour.nrrd")
    return (name, truth.time_days, int(truth.event), int(truth.cause), *files)


def _followup_cells(patient: PetctPatient, name: str) -> tuple[object, ...]:
    folder, followup = PurePosixPath(name), patient.followup
    if followup is None:
        return None, None
    return folder / "followup.nrrd", folder / "recurrence.nrrd" if followup.recurred else None


def _truth_row(patient: PetctPatient, name: str) -> tuple[object, ...]:
    truth, growth = patient.truth, patient.periphery
    angle = patient.hilum_angle_degrees
    return (
        name,
        truth.logit,
        truth.tlg,
        truth.volume_ml,
        truth.suv_mean,
        truth.burden,
        truth.periphery,
        float(growth.array.sum()) * growth.geometry.voxel_volume_mm3,
        int(truth.faces_hilum) if truth.burden else None,
        None if math.isnan(angle) else angle,
        int(patient.left),
        *(float(value) for value in patient.centre),
    )


def _followup_truth(patient: PetctPatient) -> tuple[object, ...]:
    followup = patient.followup
    if followup is None:
        return (None,) * len(FOLLOWUP_TRUTH_HEADER)
    recurrence, pose = followup.recurrence, followup.pose
    return (
        followup.days,
        float(recurrence.array.sum()) * recurrence.geometry.voxel_volume_mm3,
        *(float(value) for value in (*pose.turn_degrees, *pose.shift)),
    )
