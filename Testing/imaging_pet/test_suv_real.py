"""Published objects with a known answer, and a real PET beside the SUV its publishers computed."""

from pathlib import Path

import numpy as np
import pytest

from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.pet import read_suv
from prognosis.imaging.placing import place_on
from prognosis.imaging.readers import read_volume

DATA = Path(__file__).resolve().parents[3] / "shared/data"
OBJECTS = ("DRO_0_0", "DRO_1_0", "DRO_2_0", "DRO_2_2", "DRO_2_4", "DRO_3_1", "DRO_3_3", "DRO_4_0")
RAW, COMPUTED = DATA / "pet/sts_001_dicom", DATA / "sts51/nifti/STS_001/PET_image.nii.gz"


@pytest.mark.skipif(not (DATA / "suv").is_dir(), reason=f"{DATA / 'suv'} is absent")
@pytest.mark.parametrize("name", OBJECTS)
def test_reference_objects(name):
    """Minimum 0.20, median 1.00, maximum 4.00 within the mask (Vácha et al.)."""
    suv = read_suv(DATA / "suv" / name / "PT").volume
    (mask,) = read_lesions(DATA / "suv" / name / "mask/DRO_mask.nii.gz", suv).lesions
    placed = place_on(mask, suv.geometry)
    assert placed.lost_fraction == 0
    i, j, k = placed.start
    depth, rows, columns = placed.mask.shape
    inside = suv.array[k : k + depth, j : j + rows, i : i + columns][placed.mask]
    found = inside.min(), np.median(inside), inside.max()
    np.testing.assert_allclose(found, (0.20, 1.00, 4.00), rtol=5e-3)


@pytest.mark.skipif(not (RAW.is_dir() and COMPUTED.is_file()), reason=f"{RAW} or {COMPUTED} is absent")
def test_a_real_pet_as_its_publishers_computed_it():
    """They cropped around the tumour; every voxel of theirs lies on one of ours."""
    suv = read_suv(RAW)
    theirs = read_volume(COMPUTED)
    k, j, i = np.indices(theirs.geometry.shape).reshape(3, -1)
    where = suv.volume.geometry.to_index(theirs.geometry.to_patient(np.stack([i, j, k], axis=1)))
    nearest = np.rint(where).astype(int)
    np.testing.assert_allclose(where, nearest, atol=1e-3)
    ours = suv.volume.array[nearest[:, 2], nearest[:, 1], nearest[:, 0]]
    np.testing.assert_allclose(ours, theirs.array.ravel(), rtol=1e-6, atol=1e-3)
    assert ours.max() == pytest.approx(25.412298, rel=1e-6)
    assert suv.how.uptake_minutes == pytest.approx(45.18, abs=0.01)
