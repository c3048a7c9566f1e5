"""A real lung PET/CT with a contour for each image: features by name, and heat on the patient's own grid."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from prognosis.biomarkers.extraction import common_region, extract_patient
from prognosis.biomarkers.feature_names import feature_names
from prognosis.biomarkers.images.patient_images import PatientFiles
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.risk.bundle_format import load_biomarker_model
from prognosis.bundles.manifest import ArchitectureKind, Method
from prognosis.bundles.store import find_bundle

CASE = Path(__file__).resolve().parents[3] / "shared/data/petct/IA001491"
pytestmark = pytest.mark.skipif(not CASE.is_dir(), reason=f"needs the PET/CT case in {CASE}")
FILES = {
    "ct": CASE / "InputCT_ROI.nii.gz",
    "pet": CASE / "InputPET_SUV_ROI.nii.gz",
    "ct_tumour": CASE / "GTV_Primary_ROI_CT_Staple.nii.gz",
    "pet_tumour": CASE / "GTV_Primary_ROI_PET_Staple.nii.gz",
}
MOST_MEMORY_BYTES = 8e9


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """What the command line makes of the case with the shipped demonstration."""
    folder = tmp_path_factory.mktemp("petct") / "result"
    given = [text for name, path in FILES.items() for text in (f"--{name.replace('_', '-')}", str(path))]
    command = [sys.executable, "-m", "prognosis", "biomarkers", "score", *given, "--output", str(folder)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return folder


def test_there_are_110592_features_each_with_a_name():
    model = load_biomarker_model(find_bundle(None, method=Method.BIOMARKERS, kind=ArchitectureKind.BIOMARKER_PROGNOSIS))
    from prognosis.biomarkers.networks.extraction import make_extractor

    extractors = {modality: make_extractor(one.network) for modality, one in model.segmenters.items()}
    found = extract_patient(
        PatientFiles(**FILES), model.segmenters, extractors, common_region(model.segmenters), radiomics=False
    )
    names = [name for modality in Modality for name in feature_names(modality)]
    values = np.concatenate([found.features[modality] for modality in Modality])
    assert len(names) == len(set(names)) == len(values) == 110_592
    assert (names[0], names[55_295], names[55_296], names[-1]) == ("C00000", "C55295", "P00000", "P55295")
    assert np.isfinite(values).all()
    assert values.min() >= 0


@pytest.mark.parametrize(("modality", "image"), [("ct", "ct"), ("pet", "pet")])
def test_heat_lies_on_the_grid_of_the_image(result, modality, image):
    heat, given = (sitk.ReadImage(str(path)) for path in (result / f"heat_{modality}.nrrd", FILES[image]))
    for get in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(heat, get)() == pytest.approx(getattr(given, get)(), abs=1e-4)
    assert np.abs(sitk.GetArrayFromImage(heat)).max() > 0


def test_the_region_is_the_case_itself(result):
    region, given = (sitk.ReadImage(str(path)) for path in (result / "region_ct.nrrd", FILES["ct"]))
    assert np.allclose(sitk.GetArrayFromImage(region), np.maximum(sitk.GetArrayFromImage(given), -1000), atol=0.5)


def test_a_demonstration_gives_a_patient_no_probability(result):
    document = json.loads((result / "patient.json").read_text(encoding="utf-8"))
    assert document["model"]["demonstration"]
    assert all(one["probability"] is None for one in document["endpoints"].values())
    assert document["conventional"]["mtv_contour_ml"] > 0


def test_memory_stays_below_eight_gigabytes(result):
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MOST_MEMORY_BYTES
