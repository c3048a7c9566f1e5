"""One patient's features in a folder of their own, until all patients' come into one file."""

import json
import math
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from prognosis.biomarkers.extraction import ExtractedPatient
from prognosis.biomarkers.feature_checks import check_features
from prognosis.biomarkers.feature_names import FEATURES
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError
from prognosis.files import write_bytes, write_json

_FEATURES = "features.safetensors"
_MEASURES = "extracted.json"


def write_extracted(folder: Path, patient: ExtractedPatient) -> None:
    """Write a patient's features into an existing folder."""
    tensors = {
        modality.value: np.ascontiguousarray(values, np.float32) for modality, values in patient.features.items()
    }
    write_bytes(folder / _FEATURES, safetensors.numpy.save(tensors))
    conventional = {name: value if math.isfinite(value) else None for name, value in patient.conventional.items()}
    document = {"conventional": conventional, "flags": list(patient.flags), "phantom": patient.phantom}
    write_json(folder / _MEASURES, document)


def read_extracted(folder: Path) -> ExtractedPatient:
    """Read what `write_extracted` wrote.

    Raises:
        InputError: Something is missing or damaged; the message names the folder.
    """
    try:
        tensors = safetensors.numpy.load((folder / _FEATURES).read_bytes())
        document = json.loads((folder / _MEASURES).read_text(encoding="utf-8"))
        patient = ExtractedPatient(
            features={Modality(name): values for name, values in tensors.items()},
            conventional={
                str(name): math.nan if value is None else float(value)
                for name, value in document["conventional"].items()
            },
            flags=tuple(str(flag) for flag in document["flags"]),
            phantom=bool(document["phantom"]),
        )
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder) from error
    for modality, values in patient.features.items():
        if values.dtype != np.float32 or values.shape != (FEATURES,):
            raise _damaged(folder)
        check_features(values, modality, folder.name)
    return patient


def _damaged(folder: Path) -> InputError:
    return InputError(
        f"{folder.name}: its features are damaged.", remedy="Delete its folder and run the command again."
    )
