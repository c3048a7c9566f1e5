import numpy as np
import pytest

from prognosis.biomarkers.feature_names import FEATURES
from prognosis.biomarkers.feature_table import FeatureTable, NetworkUsed
from prognosis.biomarkers.modality import Modality

NETWORKS = {
    Modality.CT: NetworkUsed("ct-unet", "c" * 64, False),
    Modality.PET: NetworkUsed("pet-unet", "d" * 64, True),
}
SETTINGS = {
    "region": {"spacing_mm": 1.0, "scaled": False, "size": [96, 96, 48]},
    "normalisation": {"ct": {"low": -500.0, "high": 200.0, "mean": 80.5}},
    "radiomics": False,
}


@pytest.fixture
def make_table():
    """A table of some patients with sparse random features."""

    def make_table(
        ids=("Müller, Žofie", "2", "2"),
        modalities=tuple(Modality),
        networks=NETWORKS,
        settings=SETTINGS,
        seed=0,
        **other,
    ):
        random = np.random.default_rng(seed)
        n = len(ids)
        features = {}
        for modality in modalities:
            dense = random.normal(size=(n, FEATURES)).astype(np.float32)
            features[modality] = np.where(random.random((n, FEATURES)) < 0.02, np.abs(dense), np.float32(0))
        content = {
            "patient_ids": tuple(ids),
            "annotation_ids": tuple(
                str(ids[:at].count(one)) if ids.count(one) > 1 else "" for at, one in enumerate(ids)
            ),
            "features": features,
            "conventional": np.column_stack([np.arange(n) + 0.5, np.where(np.arange(n) == 1, np.nan, 3.25)]),
            "conventional_names": ("mtv_contour_ml", "suv_max"),
            "networks": {modality: networks[modality] for modality in modalities},
            "settings": settings,
            "flags": ("31 % of the tumour lies outside the region", *[""] * (n - 1)),
        }
        return FeatureTable(**content | other)

    return make_table
