"""Features of many patients in one HDF5 file, which needs the extra `train`.

The file holds `about`, a JSON text with everything but numbers and with the SHA-256 of every dataset of numbers;
`about_sha256`, the hash of that text; `conventional`, a row a patient; and `ct` and `pet`, a row of 55,296 features a
patient. Each row of features is packed by gzip: most are zero, and gzip at its quickest takes less room than LZF and is
read by every program that reads HDF5.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.feature_checks import check_table, require_once
from prognosis.biomarkers.feature_file import FORMAT, VERSION, FeatureFile, parse_feature_file
from prognosis.biomarkers.feature_names import FEATURES
from prognosis.biomarkers.feature_table import FeatureTable, require_same_networks
from prognosis.biomarkers.hdf5_reading import NumbersFile, numbers_file
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError, UsageError
from prognosis.files import require_free_space
from prognosis.provenance import now, versions

_ABOUT, _CONVENTIONAL, _ABOUT_HASH = "about", "conventional", "about_sha256"
_LONGEST_ABOUT_BYTES = 32_000_000
_FEATURE_KIND, _MEASURE_KIND = "<f4", "<f8"


def write_feature_table(
    path: Path, table: FeatureTable, *, left_out: int = 0, made_by: Mapping[str, str] | None = None
) -> None:
    """Write a table whole or not at all; a file of this name is replaced.

    Args:
        left_out: How many rows of the cohort table have no features.
        made_by: What is recorded beside the versions of programs, such as the engine that ran the networks.

    Raises:
        InputError: The table does not hold together.
        UsageError: The disk is full, or the file cannot be written.
    """
    check_table(table, str(path))
    arrays = _arrays(table)
    about = json.dumps(asdict(_about(table, arrays, left_out, made_by or {})), allow_nan=False).encode("ascii")
    parse_feature_file(about, path)
    require_free_space(path.absolute().parent, sum(array.nbytes for array in arrays.values()) + len(about))
    try:
        with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=f".{path.name}.partial-") as aside:
            partial = Path(aside) / path.name
            _write(partial, about, arrays)
            partial.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} could not be written: {error.strerror or 'the disk may be full'}.",
            remedy="Free some space or choose another --output.",
        ) from error


def describe_feature_table(path: Path) -> FeatureFile:
    """Read what a file says of itself, without its numbers.

    Raises:
        InputError: It is no such file, damaged, or of another version of the program.
    """
    with numbers_file(path) as file:
        return _described(file, path)


def read_feature_table(path: Path, modality: Modality | None = None) -> FeatureTable:
    """Read a table; every number is checked against its hash.

    Args:
        modality: Read its features alone.

    Raises:
        InputError: It is no such file, damaged, of another version, or has no features of this modality.
    """
    with numbers_file(path) as file:
        about = _described(file, path)
        if modality is not None and modality not in about.modalities:
            raise InputError(f"{path} has no features of {modality.shown}.", remedy="Extract them with its model.")
        wanted = about.modalities if modality is None else (modality,)
        rows = len(about.patient_ids)
        measures = (rows, len(about.conventional_names))
        arrays = {_CONVENTIONAL: file.numbers(_CONVENTIONAL, _MEASURE_KIND, measures)}
        for one in wanted:
            arrays[one] = file.numbers(one, _FEATURE_KIND, (rows, FEATURES), chunks=(1, FEATURES))
    for name, array in arrays.items():
        if _sha256(array) != about.sha256.get(name):
            raise file.damaged(f"the numbers of '{name}' are not those that were written")
    table = FeatureTable(
        patient_ids=about.patient_ids,
        annotation_ids=tuple(text or "" for text in about.annotation_ids),
        features={one: arrays[one] for one in wanted},
        conventional=arrays[_CONVENTIONAL],
        conventional_names=about.conventional_names,
        networks={one: about.networks[one] for one in wanted},
        settings=about.settings,
        flags=tuple(text or "" for text in about.flags),
        phantom=about.phantom,
    )
    check_table(table, str(path))
    return table


def join_feature_tables(tables: Sequence[FeatureTable]) -> FeatureTable:
    """Put tables of different patients together.

    Args:
        tables: At least one, from one pair of networks and with the same settings, as from two hospitals.

    Raises:
        InputError: They come from different networks or settings, measure different things, or share a patient
            annotation.
    """
    first, *others = tables
    for number, other in enumerate(others, start=2):
        what = f"Table {number}"
        require_same_networks(first.networks, other.networks, what=what)
        _require_same_settings(first, other, what)
    joined = FeatureTable(
        patient_ids=tuple(text for table in tables for text in table.patient_ids),
        annotation_ids=tuple(text for table in tables for text in table.annotation_ids),
        features={
            modality: np.concatenate([table.features[modality] for table in tables]) for modality in first.features
        },
        conventional=np.concatenate([table.conventional for table in tables]),
        conventional_names=first.conventional_names,
        networks=first.networks,
        settings=first.settings,
        flags=tuple(text for table in tables for text in table.flags),
        phantom=any(table.phantom for table in tables),
    )
    require_once(joined, "The tables together")
    return joined


def _arrays(table: FeatureTable) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {_CONVENTIONAL: np.ascontiguousarray(table.conventional, _MEASURE_KIND)}
    return arrays | {
        modality.value: np.ascontiguousarray(values, _FEATURE_KIND) for modality, values in table.features.items()
    }


def _about(
    table: FeatureTable, arrays: Mapping[str, NDArray[Any]], left_out: int, made_by: Mapping[str, str]
) -> FeatureFile:
    return FeatureFile(
        format=FORMAT,
        version=VERSION,
        created=now(),
        patient_ids=table.patient_ids,
        annotation_ids=tuple(text or None for text in table.annotation_ids),
        flags=tuple(text or None for text in table.flags),
        left_out=left_out,
        phantom=table.phantom,
        conventional_names=table.conventional_names,
        networks={modality.value: network for modality, network in table.networks.items()},
        settings=dict(table.settings),
        versions={**versions(), "h5py": h5py.__version__, **made_by},
        sha256={name: _sha256(array) for name, array in arrays.items()},
    )


def _write(path: Path, about: bytes, arrays: Mapping[str, NDArray[Any]]) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset(_ABOUT, data=np.bytes_(about))
        file.create_dataset(_ABOUT_HASH, data=np.bytes_(hashlib.sha256(about).hexdigest()))
        for name, array in arrays.items():
            packed = {} if name == _CONVENTIONAL else {"chunks": (1, FEATURES), "compression": 1}
            file.create_dataset(name, data=array, **packed)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _described(file: NumbersFile, path: Path) -> FeatureFile:
    raw = file.text(_ABOUT, _LONGEST_ABOUT_BYTES)
    if file.text(_ABOUT_HASH, 64).decode("ascii") != hashlib.sha256(raw).hexdigest():
        raise file.damaged("what it says of itself is not what was written")
    about = parse_feature_file(raw, path)
    file.require_names({_ABOUT, _ABOUT_HASH, _CONVENTIONAL, *about.networks})
    return about


def _sha256(array: NDArray[Any]) -> str:
    return hashlib.sha256(array.data if array.size else b"").hexdigest()


def _require_same_settings(first: FeatureTable, other: FeatureTable, what: str) -> None:
    names = sorted({*first.settings, *other.settings})
    differing = [name for name in names if _plain(first, name) != _plain(other, name)]
    if differing:
        raise InputError(
            f"{what}: its features were extracted with other settings ({', '.join(differing)}).",
            remedy="Extract all features with the same settings.",
        )
    if first.conventional_names != other.conventional_names:
        raise InputError(
            f"{what}: it holds other conventional measures.", remedy="Extract all features with the same settings."
        )


def _plain(table: FeatureTable, name: str) -> str:
    return json.dumps(table.settings.get(name), sort_keys=True)
