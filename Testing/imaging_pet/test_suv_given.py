"""Values given by hand take the place of the header's, and are recorded; so are image files taken for SUV."""

import math

import numpy as np
import pytest

from prognosis.errors import InputError, UsageError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.pet import SuvGiven, read_suv
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume


@pytest.mark.parametrize("told", [None, "0", "90"], ids=["missing", "zero", "other"])
def test_weight(pet, told):
    suv = read_suv(pet.set(PatientWeight=told).write(), given=SuvGiven(weight_kg=70.0))
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=2e-5)
    assert suv.how.as_plain()["suv_given_weight_kg"] == 70.0
    assert "Given by hand: body weight 70 kg." in suv.volume.notes


@pytest.mark.parametrize("told", [None, "0", "9.95"], ids=["missing", "zero", "mCi"])
def test_dose(pet, told):
    suv = read_suv(pet.set_tracer(RadionuclideTotalDose=told).write(), given=SuvGiven(dose_bq=368.08e6))
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=2e-5)
    assert (suv.how.dose_bq, suv.how.as_plain()["suv_given_dose_bq"]) == (368.08e6, 368.08e6)
    assert "administered activity 3.6808e+08 Bq" in " ".join(suv.how.notes)


@pytest.mark.parametrize("units", ["BQML", "CNTS", "PROPCPS", None], ids=str)
def test_factor_replaces_all_of_the_header(pet, units):
    pet.set(Units=units, DecayCorrection=None, PatientWeight=None, RadiopharmaceuticalInformationSequence=None).worth(
        1.0 / 0.004
    )
    suv = read_suv(pet.write(), given=SuvGiven(suv_factor=0.004))
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=2e-5)
    assert suv.how.as_plain()["suv_given_factor"] == suv.how.lowest_factor == suv.how.highest_factor == 0.004
    assert "Given by hand: SUV factor 0.004." in suv.volume.notes


def test_factor_does_not_excuse_missing_attenuation_correction(pet):
    with pytest.raises(InputError, match="attenuation"):
        read_suv(pet.set(CorrectedImage=["DECY"]).write(), given=SuvGiven(suv_factor=0.004))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"weight_kg": 0.0}, "0 kg was given"),
        ({"weight_kg": 70000.0}, "70000 kg was given"),
        ({"weight_kg": math.nan}, "nan kg was given"),
        ({"dose_bq": 370.0}, "370 Bq was given.*370 MBq are 370e6"),
        ({"dose_bq": -1.0}, "-1 Bq was given"),
        ({"dose_bq": math.inf}, "inf Bq was given"),
        ({"suv_factor": 0.0}, "factor of 0 was given"),
        ({"suv_factor": math.nan}, "factor of nan was given"),
        ({"suv_factor": 1.0, "weight_kg": 70.0}, "replaces weight and dose"),
    ],
    ids=lambda value: "-".join(f"{k}={v:g}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_values_that_make_no_sense(values, message):
    with pytest.raises(UsageError, match=message):
        SuvGiven(**values)


@pytest.fixture
def suv_array():
    return np.random.default_rng(3).uniform(0.1, 9.0, (5, 6, 7)).astype(np.float32)


@pytest.mark.parametrize("name", ["pet.nrrd", "pet.nii.gz", "pet.mha"])
@pytest.mark.parametrize("factor", [None, 0.25])
def test_image_files_are_suv(tmp_path, suv_array, name, factor):
    stored = suv_array if factor is None else suv_array / np.float32(factor)
    write_volume(Volume(stored, Geometry((7, 6, 5), (4.0, 4.0, 3.0), (1.0, 2.0, 3.0))), tmp_path / name)
    suv = read_suv(tmp_path / name, given=SuvGiven(suv_factor=factor))
    assert (suv.volume.modality, suv.volume.array.dtype) == ("PT", np.float32)
    np.testing.assert_allclose(suv.volume.array, suv_array, rtol=1e-6)
    assert "The values of the file are taken for SUVbw" in " ".join(suv.volume.notes)
    assert name not in str(suv.how.as_plain())  # names of files are often names of patients, and results keep this
    assert ("given by hand" in " ".join(suv.how.notes)) == (factor is not None)


def test_image_files_of_whole_numbers(tmp_path, suv_array):
    whole = np.rint(suv_array * 10).astype(np.int16)
    write_volume(Volume(whole, Geometry((7, 6, 5), (4.0, 4.0, 3.0), (0.0, 0.0, 0.0))), tmp_path / "pet.nrrd")
    np.testing.assert_allclose(
        read_suv(tmp_path / "pet.nrrd", given=SuvGiven(suv_factor=0.1)).volume.array, whole * 0.1, rtol=1e-6
    )


@pytest.mark.parametrize("given", [SuvGiven(weight_kg=70.0), SuvGiven(dose_bq=3e8)], ids=["weight", "dose"])
def test_image_files_take_no_weight_or_dose(tmp_path, suv_array, given):
    write_volume(Volume(suv_array, Geometry((7, 6, 5), (4.0, 4.0, 3.0), (0.0, 0.0, 0.0))), tmp_path / "pet.nrrd")
    with pytest.raises(UsageError, match="would change nothing"):
        read_suv(tmp_path / "pet.nrrd", given=given)


def test_image_files_of_ct(tmp_path, suv_array):
    ct = Volume(suv_array, Geometry((7, 6, 5), (4.0, 4.0, 3.0), (0.0, 0.0, 0.0)), modality="CT")
    write_volume(ct, tmp_path / "ct.nrrd")
    with pytest.raises(InputError, match=r"ct.nrrd is no PET: its header says CT"):
        read_suv(tmp_path / "ct.nrrd")


def test_image_files_in_becquerels_are_refused_unless_a_factor_is_given(tmp_path, suv_array):
    lattice = Geometry((7, 6, 5), (4.0, 4.0, 3.0), (0.0, 0.0, 0.0))
    write_volume(Volume(suv_array * 3600, lattice), tmp_path / "pet.nrrd")
    with pytest.raises(InputError, match=r"no SUV: half of the voxels .* may be Bq/ml.*--suv-factor"):
        read_suv(tmp_path / "pet.nrrd")
    suv = read_suv(tmp_path / "pet.nrrd", given=SuvGiven(suv_factor=1 / 3600))
    np.testing.assert_allclose(suv.volume.array, suv_array, rtol=1e-5)


def test_factors_beyond_numbers(pet, tmp_path, suv_array):
    write_volume(Volume(suv_array, Geometry((7, 6, 5), (4.0, 4.0, 3.0), (0.0, 0.0, 0.0))), tmp_path / "pet.nrrd")
    for path in (pet.write(), tmp_path / "pet.nrrd"):
        with pytest.raises(InputError, match="too large to be numbers"):
            read_suv(path, given=SuvGiven(suv_factor=1e300))


def test_paths_that_are_no_image(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_suv(tmp_path / "nothing.nrrd")
    (tmp_path / "text.txt").write_text("no image", encoding="utf-8")
    with pytest.raises(InputError, match="not an image file"):
        read_suv(tmp_path / "text.txt")
