"""A cohort's lesions as tensors."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from prognosis.cohort.table import CohortRow
from prognosis.errors import InputError, PrognosisError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import ALL_LESIONS, LesionChoice
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume
from prognosis.imaging.volume import Volume
from prognosis.lesions.augment import CONTEXT
from prognosis.lesions.examine import examine_lesions
from prognosis.lesions.organs import looks_like_anatomy
from prognosis.lesions.patches import PatchOptions
from prognosis.lesions.preparing import prepare_ct
from prognosis.progress import Progress, silent


@dataclass(frozen=True)
class TrainingData:
    """Every annotation of a cohort with the patches of its lesions.

    Args:
        patches: (lesions, 1, m, m) float16, cut `CONTEXT` times wider than the network sees.
        volume_mm3: (lesions,) volumes.
        annotation: (lesions,) index of the annotation each lesion is of.
        patient: (annotations,) index of the patient each annotation is of.
        time_days: (patients,) follow-up.
        event: (patients,) 1 where the event was seen.
        group: (patients,) treatment groups.
        ranges: Lowest and highest value met, by name.
        notes: What was left out or found while reading, with counts, in words.
        phantom: Whether an image is simulated; a model trained on such is a demonstration.
    """

    patches: Tensor
    volume_mm3: Tensor
    annotation: Tensor
    patient: Tensor
    time_days: NDArray[np.float64]
    event: NDArray[np.int64]
    group: NDArray[np.str_]
    ranges: dict[str, tuple[float, float]]
    notes: tuple[str, ...] = ()
    phantom: bool = False

    @property
    def patients(self) -> int:
        return len(self.time_days)

    @property
    def annotation_weight(self) -> Tensor:
        """(annotations,) 1/m for a patient of m annotations."""
        counts = torch.bincount(self.patient, minlength=self.patients)
        return 1.0 / counts[self.patient].float()

    @property
    def fingerprint(self) -> str:
        """A hash of all values, to know the data again when a training is resumed."""
        digest = hashlib.sha256()
        for tensor in (self.patches, self.volume_mm3, self.annotation, self.patient):
            digest.update(tensor.numpy().tobytes())
        digest.update(self.time_days.tobytes() + self.event.tobytes())
        return digest.hexdigest()


def read_training_data(
    rows: Sequence[CohortRow],
    options: PatchOptions,
    choice: LesionChoice = ALL_LESIONS,
    *,
    progress: Progress = silent,
) -> TrainingData:
    """Read every image and segmentation of a cohort and cut the lesions' patches.

    Args:
        rows: The cohort.
        options: How patches are cut.
        choice: Which segments of each row are lesions.
        progress: Told after each row.

    Raises:
        InputError: Rows that cannot be read, all of them named.
    """
    patients = list(dict.fromkeys(row.patient_id for row in rows))
    first = {row.patient_id: row for row in reversed(rows)}
    patches, volumes, owners, geometries, faults = [], [], [], [], []
    notes = Counter[str]()
    phantom = False
    read_image = _ImageReader()
    for number, row in enumerate(rows):
        try:
            geometry, lesions = _read_row(row, read_image, options, choice, notes)
        except PrognosisError as error:
            faults.append(f"row {row.number}: {error}")
            continue
        geometries.append(geometry)
        phantom = phantom or read_image.last_is_phantom
        if not lesions:
            notes["annotations without a lesion that can be scored"] += 1
        patches += [patch for patch, _ in lesions]
        volumes += [volume for _, volume in lesions]
        owners += [number] * len(lesions)
        progress("reading images and lesions", number + 1, len(rows))
    if faults:
        raise InputError(
            f"{len(faults)} rows cannot be read: {' | '.join(faults)}", remedy="Mend or leave out these rows."
        )
    if not patches:
        raise InputError("The cohort has no lesion that can be scored.")
    return TrainingData(
        patches=torch.from_numpy(np.stack(patches)[:, None]),
        volume_mm3=torch.tensor(volumes, dtype=torch.float32),
        annotation=torch.tensor(owners),
        patient=torch.tensor([patients.index(row.patient_id) for row in rows]),
        time_days=np.array([first[name].time_days for name in patients]),
        event=np.array([int(first[name].event) for name in patients]),
        group=np.array([first[name].group for name in patients]),
        ranges=_ranges(geometries, volumes),
        notes=tuple(f"{count} x {note}" for note, count in notes.most_common()),
        phantom=phantom,
    )


class _ImageReader:
    """Reads CTs, keeping the last one: the annotations of a patient share theirs."""

    def __init__(self) -> None:
        self._read: tuple[Path, str | None] | None = None
        self._images: tuple[Volume, Volume] | None = None

    @property
    def last_is_phantom(self) -> bool:
        return self._images is not None and self._images[0].phantom is not None

    def __call__(self, path: Path, series: str | None) -> tuple[Volume, Volume]:
        """The image as it was read, and as lesions are examined on it."""
        if self._images is None or (path, series) != self._read:
            image = read_volume(path, series=series)
            self._read, self._images = (path, series), (image, prepare_ct(image))
        return self._images


def _read_row(
    row: CohortRow, read_image: _ImageReader, options: PatchOptions, choice: LesionChoice, notes: Counter[str]
) -> tuple[Geometry, list[tuple[NDArray[np.float16], float]]]:
    image, prepared = read_image(row.files["image"], row.series.get("image"))
    lesions = read_lesions(row.files["lesions"], image, choice)
    examined = examine_lesions(prepared, lesions.lesions, options, context=CONTEXT)
    notes.update((*prepared.notes, *lesions.notes))
    for each in examined:
        notes.update(f"lesion: {note}" for note in each.lesion.notes)
        if looks_like_anatomy(each.lesion.name):
            notes["lesion: its name is that of an organ or landmark"] += 1
        if each.not_scored_because:
            notes[f"lesion left out: {each.not_scored_because}"] += 1
    kept = [(e.patch.astype(np.float16), e.lesion.volume_mm3) for e in examined if e.patch is not None]
    return prepared.geometry, kept


def _ranges(geometries: Sequence[Geometry], volumes: Sequence[float]) -> dict[str, tuple[float, float]]:
    measured = {
        "slice_thickness_mm": [geometry.spacing[2] for geometry in geometries],
        "pixel_spacing_mm": [max(geometry.spacing[:2]) for geometry in geometries],
        "lesion_volume_mm3": list(volumes),
    }
    return {name: (min(values), max(values)) for name, values in measured.items()}
