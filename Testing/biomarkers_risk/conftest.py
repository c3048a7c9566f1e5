"""A fitted prognosis and a PET/CT on disk."""

from pathlib import Path

import pytest
from making_petct import QUICK, make_petct, make_segmenter, make_table

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.risk.bundle_format import save_biomarker_model
from prognosis.biomarkers.risk.fitting import fit_prognosis
from prognosis.bundles.model_used import Description
from prognosis.imaging.writing import write_volume


@pytest.fixture(scope="session")
def segmenters():
    return {modality: make_segmenter(modality) for modality in Modality}


@pytest.fixture(scope="session")
def fitted(segmenters):
    """A prognosis fitted to 160 patients with two planted features."""
    table, rows = make_table({modality: one.used for modality, one in segmenters.items()})
    return fit_prognosis(table, rows, QUICK, cohort_path=Path("cohort.csv"), description="made up")


@pytest.fixture(scope="session")
def bundle(fitted, segmenters, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "petct"
    return save_biomarker_model(folder, fitted, segmenters, Description(name="petct"))


@pytest.fixture(scope="session")
def demonstration(fitted, segmenters, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "petct-demonstration"
    description = Description(name="petct-demonstration", demonstration=True)
    return save_biomarker_model(folder, fitted, segmenters, description)


@pytest.fixture
def petct_files(tmp_path):
    """Paths of a CT, a PET in SUV and a contour."""
    return _written(tmp_path, phantom=None)


@pytest.fixture
def phantom_files(tmp_path):
    return _written(tmp_path, phantom="a ball")


def _written(folder, *, phantom):
    paths = {}
    for name, volume in zip(("ct", "pet", "tumour"), make_petct(phantom=phantom), strict=True):
        paths[name] = folder / f"{name}.nrrd"
        write_volume(volume, paths[name])
    return paths
