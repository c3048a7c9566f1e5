"""Regions kept beside a training, so that a resumed run and other processes do not read the images again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save

from prognosis.batch.case import Case
from prognosis.batch.inputs import stamp_of
from prognosis.biomarkers.images.intensity import Normalisation
from prognosis.biomarkers.images.region import REGION_SIZE, RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.training_data import TrainingRegions
from prognosis.cohort.table import CohortRow
from prognosis.files import write_bytes, write_json
from prognosis.imaging.lesion_choice import LesionChoice

_TENSORS = "regions.safetensors"
_WORDS = "regions.json"
BYTES_PER_REGION = REGION_SIZE[0] * REGION_SIZE[1] * REGION_SIZE[2] * 3
"""float16 and a boolean a voxel."""


def kept_regions(folder: Path, key: str, read: Callable[[], TrainingRegions]) -> TrainingRegions:
    """The regions kept in a folder under a key; where there are none, they are read and kept.

    Args:
        folder: Of the training's state; made when missing.
        key: From `key_of_regions`.
        read: Reads the images.
    """
    words = _read_words(folder / _WORDS)
    if words is not None and words.get("key") == key and (folder / _TENSORS).is_file():
        return _loaded(folder, words)
    data = read()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _WORDS).unlink(missing_ok=True)
    write_bytes(
        folder / _TENSORS,
        save(
            {
                "images": data.images,
                "tumours": data.tumours,
                "patient": torch.from_numpy(data.patient),
                "spacing_mm": torch.from_numpy(data.spacing_mm),
            }
        ),
    )
    write_json(
        folder / _WORDS,
        {
            "key": key,
            "modality": data.modality.value,
            "region": asdict(data.region),
            "normalisation": asdict(data.normalisation),
            "ranges": data.ranges,
            "notes": data.notes,
            "phantom": data.phantom,
        },
    )
    return data


def key_of_regions(rows: Sequence[CohortRow], modality: Modality, region: RegionOptions, choice: LesionChoice) -> str:
    """A hash of how regions are cut and of path, size and time of every file they are cut from.

    Raises:
        OSError: A folder cannot be listed.
    """
    inputs = {f"{row.number} {column}": path for row in rows for column, path in row.files.items()}
    patients = [row.patient_id for row in rows]
    series = [dict(row.series) for row in rows]
    how = {"modality": modality.value, "region": asdict(region), "choice": asdict(choice)}
    return stamp_of(Case(0, inputs), {**how, "patients": patients, "series": series})


def _loaded(folder: Path, words: dict[str, Any]) -> TrainingRegions:
    tensors = load_file(folder / _TENSORS)
    return TrainingRegions(
        modality=Modality(words["modality"]),
        region=RegionOptions(**words["region"]),
        normalisation=Normalisation(**words["normalisation"]),
        images=tensors["images"],
        tumours=tensors["tumours"],
        patient=tensors["patient"].numpy().astype(np.int64),
        spacing_mm=tensors["spacing_mm"].numpy(),
        ranges={name: (float(low), float(high)) for name, (low, high) in words["ranges"].items()},
        notes=tuple(words["notes"]),
        phantom=bool(words["phantom"]),
    )


def _read_words(file: Path) -> dict[str, Any] | None:
    """What is said of the kept regions; None where nothing can be read, for they can be cut again."""
    try:
        words = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return words if isinstance(words, dict) else None
