"""What a file of features says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prognosis.biomarkers.feature_checks import MOST_ROWS
from prognosis.biomarkers.feature_table import NetworkUsed
from prognosis.biomarkers.modality import Modality
from prognosis.bundles.strict_json import parse_record
from prognosis.errors import InputError, ModelError

FORMAT = "prognosis features"
VERSION = 1
EXTRACT_AGAIN = "Extract the features again, or get the file again from its source."


@dataclass(frozen=True)
class FeatureFile:
    """What a file of features says of itself.

    Args:
        format, version: Of the file.
        created: ISO 8601 date and time.
        patient_ids, annotation_ids: Of its rows; None for an annotation without an id.
        flags: Of its rows; None where nothing is odd.
        left_out: How many rows of the cohort table have no features and are not here.
        phantom: Whether any patient is simulated.
        conventional_names: Names of the conventional measures, with units.
        networks: Modality -> network.
        settings: How regions were cut and values normalised.
        versions: Of the programs that wrote the file.
        sha256: Name of a dataset -> hash of its numbers.
    """

    format: str
    version: int
    created: str
    patient_ids: tuple[str, ...]
    annotation_ids: tuple[str | None, ...]
    flags: tuple[str | None, ...]
    left_out: int
    phantom: bool
    conventional_names: tuple[str, ...]
    networks: Mapping[str, NetworkUsed]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    sha256: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.format != FORMAT or self.version != VERSION:
            raise ValueError(f"is '{self.format}' version {self.version}; this program reads '{FORMAT}' {VERSION}")
        if not 1 <= len(self.patient_ids) <= MOST_ROWS or self.left_out < 0:
            raise ValueError(f"needs 1 to {MOST_ROWS} patients and no negative count")
        if not self.networks or not set(self.networks) <= set(Modality):
            raise ValueError("needs networks for 'ct', 'pet' or both")

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Whose features it holds."""
        return tuple(modality for modality in Modality if modality in self.networks)

    @property
    def patients(self) -> int:
        return len(set(self.patient_ids))

    @property
    def demonstration(self) -> bool:
        """Whether what comes of it must be marked."""
        return any(network.demonstration for network in self.networks.values())


def parse_feature_file(raw: bytes, path: Path) -> FeatureFile:
    """Read what a file says of itself from JSON.

    Raises:
        InputError: Anything is missing, unknown, of another type or of another version.
    """
    try:
        return parse_record(FeatureFile, raw, path)
    except ModelError as error:
        raise InputError(error.what, remedy=EXTRACT_AGAIN) from error
