"""What a model says of itself: `model.json` as frozen dataclasses."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from prognosis.bundles.file_names import MANIFEST_NAME, check_file_name
from prognosis.bundles.strict_json import parse_record
from prognosis.errors import ModelError

_NAME = re.compile(r"(?!(?i:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,49}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PERCENTILES = 101
SOURCE = "source"


class Method(StrEnum):
    """The method a model belongs to."""

    LESIONS = "lesions"
    BIOMARKERS = "biomarkers"
    PORTRAITS = "portraits"


class ArchitectureKind(StrEnum):
    """The networks this version can build."""

    LESION_RESNET18 = "lesion_resnet18"
    BIOMARKER_UNET = "biomarker_unet"
    BIOMARKER_PROGNOSIS = "biomarker_prognosis"
    STYLEGAN2_GENERATOR = "stylegan2_generator"
    FEATURES_VGG16 = "features_vgg16"
    FEATURES_RESNET = "features_resnet"


# Networks that others train and that give no risk: they may be imported without a word on who they learnt from.
_IMPORTABLE = (
    ArchitectureKind.STYLEGAN2_GENERATOR,
    ArchitectureKind.FEATURES_VGG16,
    ArchitectureKind.FEATURES_RESNET,
)


class RiskSource(StrEnum):
    """Whose risks percentiles, slope and baseline hazard come from; never risks of patients the model was fitted on."""

    OUT_OF_FOLD = "out-of-fold"
    VALIDATION = "validation"


@dataclass(frozen=True)
class Architecture:
    """A network and the parameters it is built with (texts, numbers, truth values, and tuples of them)."""

    kind: ArchitectureKind
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Training:
    """What the model was trained on.

    Args:
        patients, annotations, lesions, events: Counts; lesions is 0 for methods without.
        follow_up_days: Longest follow-up: no survival is reported beyond it; 0 where no outcome was read.
        epochs, seed: Of the run.
        cohort: The cohort in words.
        details: Free settings and counts worth keeping.
    """

    patients: int
    annotations: int
    lesions: int
    events: int
    follow_up_days: float
    epochs: int
    seed: int
    cohort: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if min(self.patients, self.annotations) < 1 or min(self.lesions, self.events, self.epochs, self.seed) < 0:
            raise ValueError("holds a negative count, or no patient")
        if self.events > self.patients or self.annotations < self.patients:
            raise ValueError("needs as many annotations as patients or more, and no more events than patients")
        if not self.follow_up_days >= (1e-9 if self.events else 0):
            raise ValueError("needs 'follow_up_days' greater than 0 where there are events")


@dataclass(frozen=True)
class Metric:
    """A measured number with its interval.

    Args:
        estimate, low, high: The number and the ends of its interval.
        n: Patients it was measured on.
        how: In words: which patients, which interval.
    """

    estimate: float
    low: float
    high: float
    n: int
    how: str

    def __post_init__(self) -> None:
        if not self.low <= self.high or self.n < 1:
            raise ValueError(f"needs low <= high and n >= 1, got {self.low}, {self.high} and {self.n}")


@dataclass(frozen=True)
class RiskPercentiles:
    """Risks at the percentiles 0 to 100 among patients, and among lesions: 101 values each; none for no lesions."""

    patient: tuple[float, ...]
    lesion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name, values in (("patient", self.patient), ("lesion", self.lesion)):
            if name == "lesion" and not values:
                continue
            if len(values) != _PERCENTILES or not _never_falls(values):
                raise ValueError(f"needs {_PERCENTILES} values that never fall in '{name}', got {len(values)}")


@dataclass(frozen=True)
class Calibration:
    """How risks become survival: S(t) = exp(-H0(t) exp(slope (risk - mean_risk))).

    Args:
        slope: Cox coefficient of the risk.
        mean_risk: Mean risk of the patients it was estimated on.
        source: Whose risks; the percentiles and the baseline hazard come from the same.
    """

    slope: float
    mean_risk: float
    source: RiskSource

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.mean_risk)):
            raise ValueError(f"needs finite numbers, got {self.slope} and {self.mean_risk}")


@dataclass(frozen=True)
class Baseline:
    """The cumulative baseline hazard at increasing times."""

    times_days: tuple[float, ...]
    cumulative_hazard: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.times_days or len(self.times_days) != len(self.cumulative_hazard):
            raise ValueError("needs as many values in 'cumulative_hazard' as in 'times_days', and at least one")
        if not self.times_days[0] >= 0 or not all(a < b for a, b in pairwise(self.times_days)):
            raise ValueError("needs 'times_days' of 0 or more that increase")
        if not self.cumulative_hazard[0] >= 0 or not _never_falls(self.cumulative_hazard):
            raise ValueError("needs a 'cumulative_hazard' of 0 or more that never falls")


@dataclass(frozen=True)
class Requirement:
    """Another bundle this one needs: its name and the SHA-256 of its `model.json`."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_sha256(self.sha256)


@dataclass(frozen=True)
class Manifest:
    """The content of `model.json`.

    Args:
        name: Letters, digits, dots, dashes and underscores; what `--model` takes.
        version: Of the model, not of the program.
        demonstration: Whether every result of the model must be marked as a demonstration.
        preprocessing: Free settings; 'normalisation' is a mapping and must be there. Of an imported network 'source' is
            too, and holds the 'sha256' of the file it came from.
        label_meaning: What a higher risk stands for, in words.
        training: None where it is unknown: of an imported network that gives no risk.
        metrics: Name -> measured number.
        training_ranges: Name with unit ('slice_thickness_mm') -> lowest and highest value among training data.
        risk_percentiles: None where the model gives no risk that is compared with others.
        calibration: None where the model gives no risk that becomes survival.
        baseline: None where the model gives no survival curve.
        created: ISO 8601 date or date and time.
        versions: Name -> version of the programs that made the model.
        requires: Other bundles it needs.
        files: File name -> SHA-256, of every file but `model.json`; empty until written.
    """

    name: str
    version: str
    method: Method
    demonstration: bool
    architecture: Architecture
    preprocessing: Mapping[str, Any]
    label_meaning: str
    training: Training | None
    metrics: Mapping[str, Metric]
    training_ranges: Mapping[str, tuple[float, float]]
    risk_percentiles: RiskPercentiles | None
    calibration: Calibration | None
    baseline: Baseline | None
    licence: str
    intended_use: str
    created: str
    versions: Mapping[str, str]
    requires: tuple[Requirement, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not _VERSION.fullmatch(self.version):
            raise ValueError(f"'version' is {self.version!r}: use digits, letters, dots, plus and dashes")
        if not isinstance(self.preprocessing.get("normalisation"), Mapping) or not self.preprocessing["normalisation"]:
            raise ValueError("'preprocessing.normalisation' is missing or no mapping: inputs cannot be prepared")
        for name, (low, high) in self.training_ranges.items():
            if not low <= high:
                raise ValueError(f"'training_ranges.{name}' needs low <= high, got {low} and {high}")
        if self.baseline is not None and self.calibration is None:
            raise ValueError("'baseline' is given without 'calibration'")
        if self.training is None:
            self._check_imported()
        elif self.baseline is not None and self.baseline.times_days[-1] > self.training.follow_up_days:
            raise ValueError("'baseline.times_days' goes beyond 'training.follow_up_days'")
        _check_date(self.created)
        _check_files(self.files)

    @property
    def known_training(self) -> Training:
        """What the model was trained on, where somebody knows: of every model that gives risks.

        Raises:
            ModelError: The network was imported.
        """
        if self.training is None:
            raise ModelError(
                f"The model {self.name} was imported; nothing is known of who it was trained on.",
                remedy="Give a model that was trained with this program.",
            )
        return self.training

    def _check_imported(self) -> None:
        if self.architecture.kind not in _IMPORTABLE:
            raise ValueError(f"'training' is not given, which a model of the kind '{self.architecture.kind}' needs")
        if self.risk_percentiles is not None or self.calibration is not None or self.metrics:
            raise ValueError("'training' is not given, but risks or measured numbers are")
        source = self.preprocessing.get(SOURCE)
        if not isinstance(source, Mapping) or not isinstance(source.get("sha256"), str):
            raise ValueError(f"neither 'training' nor 'preprocessing.{SOURCE}.sha256' is given")
        _check_sha256(source["sha256"])


def parse_manifest(raw: bytes, file: Path) -> Manifest:
    """Read the bytes of a `model.json`.

    Args:
        raw: UTF-8 JSON text.
        file: Where it comes from, for messages.

    Raises:
        ModelError: A key is unknown, missing or holds what it must not; the message names key and file.
    """
    return parse_record(Manifest, raw, file)


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the bytes of `model.json`: `parse_manifest` gives the manifest back, with lists as tuples."""
    return (json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def is_bundle_name(text: str) -> bool:
    """Whether a text can be the name of a bundle, rather than a path."""
    return _NAME.fullmatch(text) is not None


def _check_name(name: str) -> None:
    if not is_bundle_name(name):
        raise ValueError(f"'name' is {name!r}: use up to 100 letters, digits, dots, dashes and underscores")


def _check_sha256(text: str) -> None:
    if not _SHA256.fullmatch(text):
        raise ValueError(f"holds {text!r} where a SHA-256 of 64 hexadecimal digits is needed")


def _check_date(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"'created' is {text!r}, not a date such as 2025-01-31T12:00:00+00:00") from error


def _check_files(files: Mapping[str, str]) -> None:
    for name, sha256 in files.items():
        check_file_name(name)
        _check_sha256(sha256)
    if MANIFEST_NAME in files:
        raise ValueError(f"'files' holds {MANIFEST_NAME} itself")


def _never_falls(values: Sequence[float]) -> bool:
    return all(a <= b for a, b in pairwise(values))
