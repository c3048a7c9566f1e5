"""Features of many patients, and the two networks they come from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError


@dataclass(frozen=True)
class NetworkUsed:
    """The network a column of features comes from; features of different networks do not correspond.

    Args:
        name: Of its bundle.
        sha256: Of its bundle's `model.json`.
        demonstration: Whether what it gives must be marked.
    """

    name: str
    sha256: str
    demonstration: bool


@dataclass(frozen=True)
class FeatureTable:
    """Features of patients.

    Args:
        patient_ids: n ids as in the cohort table, a row a patient annotation.
        annotation_ids: n ids, '' where a patient has one annotation.
        features: Modality -> (n, 55296) float32, the bottleneck after its last ReLU.
        conventional: (n, m) conventional measures; NaN where one could not be had.
        conventional_names: m names with units, such as 'mtv_contour_ml', 'tlg_contour_ml', 'suv_max'.
        networks: Modality -> the network its features come from.
        settings: How regions were cut and values normalised, as plain values.
        flags: n texts, '' where nothing is odd.
        phantom: Whether any patient is simulated.
    """

    patient_ids: tuple[str, ...]
    annotation_ids: tuple[str, ...]
    features: Mapping[Modality, NDArray[np.float32]]
    conventional: NDArray[np.float64]
    conventional_names: tuple[str, ...]
    networks: Mapping[Modality, NetworkUsed]
    settings: Mapping[str, object]
    flags: tuple[str, ...]
    phantom: bool = False

    def __len__(self) -> int:
        return len(self.patient_ids)


def require_same_networks(
    first: Mapping[Modality, NetworkUsed], second: Mapping[Modality, NetworkUsed], *, what: str
) -> None:
    """Refuse to put features of different networks side by side.

    Args:
        first, second: Networks by modality.
        what: The second's origin, for the message.

    Raises:
        InputError: They differ.
    """
    for modality in Modality:
        here, there = first.get(modality), second.get(modality)
        if (here and here.sha256) != (there and there.sha256):
            raise InputError(
                f"{what}: its {modality.shown} features come from another network "
                f"({_called(there)}, not {_called(here)}). Features of different networks do not correspond.",
                remedy="Extract all features with one pair of networks.",
            )


def _called(network: NetworkUsed | None) -> str:
    return "none" if network is None else f"{network.name} {network.sha256[:12]}"
