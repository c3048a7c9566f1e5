"""Headers and series that must not become SUV, and what is converted with a word about it."""

from copy import deepcopy

import numpy as np
import pytest
from making_pet import DOSE_BQ
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import CTImageStorage, EnhancedPETImageStorage, SecondaryCaptureImageStorage, generate_uid

from prognosis.errors import InputError
from prognosis.imaging.pet import read_suv


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"PatientWeight": None}, r"Weight \(0010,1030\) is missing.*--weight-kg"),
        ({"PatientWeight": ""}, r"Weight \(0010,1030\) is missing.*--weight-kg"),
        ({"PatientWeight": "0"}, r"Weight \(0010,1030\) is 0 kg.*--weight-kg"),
        ({"PatientWeight": "0.07"}, r"Weight \(0010,1030\) is 0.07 kg"),
        ({"PatientWeight": "700"}, r"Weight \(0010,1030\) is 700 kg"),
        ({"PatientWeight": "700000"}, r"Weight \(0010,1030\) is 700000 kg"),
        ({"RescaleIntercept": "-1024"}, r"Intercept \(0028,1052\) is -1024; in PET it must be 0"),
        ({"RescaleSlope": None, "RescaleIntercept": None}, r"Slope \(0028,1053\) is missing"),
        ({"RescaleSlope": "-1"}, r"Slope \(0028,1053\) is -1"),
        ({"CorrectedImage": ["DECY", "SCAT"]}, r"not corrected for attenuation: .*\(0028,0051\) says only DECY, SCAT"),
        ({"CorrectedImage": None, "AttenuationCorrectionMethod": "NONE"}, r"\(0054,1101\) is NONE"),
        ({"ReprojectionMethod": "MAX PIXEL"}, r"is a projection .*\(0054,1004\)"),
        ({"SeriesType": ["STATIC", "REPROJECTION"]}, r"is a projection .*\(0054,1000\)"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, r"is a projection .*\(0008,0008\)"),
        ({"RadiopharmaceuticalInformationSequence": None}, r"\(0054,0016\) is missing or empty"),
        ({"NumberOfFrames": "2"}, "enhanced"),
        ({"SOPClassUID": EnhancedPETImageStorage}, "enhanced .multi-frame. PET .*classic single-frame"),
    ],
    ids=[
        "no-weight",
        "empty-weight",
        "weight-0",
        "weight-tiny",
        "weight-huge",
        "grams-huge",
        "intercept",
        "no-slope",
        "negative-slope",
        "not-attenuation-corrected",
        "no-attenuation-method",
        "reprojection-method",
        "reprojected-series",
        "mip",
        "no-tracer",
        "frames",
        "enhanced",
    ],
)
def test_refused(pet, tags, message):
    with pytest.raises(InputError, match=message):
        read_suv(pet.set(**tags).write())


@pytest.mark.parametrize(
    "dose",
    ["", "0", "-5", "10", "49.9", "9900", "368080", "999999", "4e11"],
    ids=["missing", "0", "negative", "mCi?", "MBq-or-mCi?", "uCi?", "kBq?", "below-1-MBq", "above-10-GBq"],
)
def test_doses_of_which_the_unit_is_in_doubt(pet, dose):
    with pytest.raises(InputError, match=r"Total Dose \(0018,1074\) is") as refused:
        read_suv(pet.set_tracer(RadionuclideTotalDose=dose).write())
    assert "--dose-bq" in refused.value.remedy


def test_dose_in_megabecquerels(pet):
    suv = read_suv(pet.set_tracer(RadionuclideTotalDose=f"{DOSE_BQ / 1e6:g}").write())
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=2e-5)
    assert suv.how.dose_bq == pytest.approx(DOSE_BQ)
    assert "taken for MBq" in " ".join(suv.volume.notes)


def test_weight_in_grams(pet):
    suv = read_suv(pet.set(PatientWeight="70000").write())
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=2e-5)
    assert "taken for grams" in " ".join(suv.volume.notes)
    assert "70" not in " ".join(suv.volume.notes).replace("(0010,1030)", "")


@pytest.mark.parametrize(
    ("tags", "note"),
    [
        ({"CorrectedImage": None}, r"Corrected Image (0028,0051) is missing"),
        ({"CorrectedImage": ["ATTN"]}, "does not name a decay correction"),
        ({"SeriesType": ["DYNAMIC", "IMAGE"]}, "The series is DYNAMIC"),
        ({"SeriesType": ["GATED", "IMAGE"]}, "The series is GATED"),
    ],
    ids=["corrections-untold", "decay-contradicts", "dynamic", "gated"],
)
def test_told(pet, tags, note):
    suv = read_suv(pet.set(**tags).write())
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=2e-5)
    assert note in " ".join(suv.how.notes)


def test_two_injections(pet):
    for dataset in pet.slices:
        tracer = dataset.RadiopharmaceuticalInformationSequence[0]
        dataset.RadiopharmaceuticalInformationSequence = DicomSequence([tracer, tracer])
    with pytest.raises(InputError, match=r"\(0054,0016\) describes 2 injections"):
        read_suv(pet.write())


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("PatientWeight", "71"), ("Units", "GML"), ("DecayCorrection", "ADMIN"), ("RadionuclideTotalDose", "3.7e8")],
)
def test_slices_that_contradict_one_another(pet, keyword, value):
    dataset = pet.tracers[4] if keyword.startswith("Radio") else pet.slices[4]
    setattr(dataset, keyword, value)
    with pytest.raises(InputError, match=rf"contradict one another in .*slice00.dcm says .*, slice04.dcm '{value}'"):
        read_suv(pet.write())


def test_the_gate_of_all_series_stands_here_too(pet):
    del pet.slices[3]
    with pytest.raises(InputError, match="missing.*gap of 6.00 mm"):
        read_suv(pet.write())


def test_two_times_of_a_dynamic_series(pet):
    faded = (pet.stored // 2).astype("<i2")
    pet.slices += [
        _copied(dataset, AcquisitionTime="111000", PixelData=values.tobytes())
        for dataset, values in zip(pet.slices, faded, strict=True)
    ]
    with pytest.raises(InputError, match="2 phases under one Series Instance UID"):
        read_suv(pet.write())


def test_uneven_slices_are_resampled_after_scaling(pet):
    """Between the last two slices, 1.5 distances apart, SUV are interpolated, not stored values of other slopes."""
    pet.slices[-1].ImagePositionPatient = ["-14", "-10", "66.5"]
    per_suv = [float(dataset.RescaleSlope) * 1e3 * (1.0 if k < 5 else 2.0) for k, dataset in enumerate(pet.slices)]
    pet.worth(per_suv)
    with pytest.raises(InputError, match="unevenly spaced"):
        read_suv(pet.write())
    suv = read_suv(pet.folder, resample_uneven=True).volume.array
    expected = pet.suv[4] * (1 - 3 / 4.5) + 2.0 * pet.suv[5] * 3 / 4.5
    np.testing.assert_allclose(suv[5], expected, rtol=1e-4)


def test_a_folder_without_pet(pet):
    for dataset in pet.slices:
        dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    with pytest.raises(InputError, match="holds no PET series but:\n  CT, 6 slices"):
        read_suv(pet.write())


@pytest.mark.parametrize("wanted", [None, "3", "9"], ids=["none", "the-pet", "the-ct"])
def test_among_several_series_the_pet_is_meant(pet, wanted):
    ct = [_copied(dataset, SOPClassUID=CTImageStorage, Modality="CT", SeriesNumber="9") for dataset in pet.slices]
    uid = generate_uid()
    for dataset in ct:
        dataset.SeriesInstanceUID = uid
    pet.slices += ct
    folder = pet.write()
    if wanted == "9":
        with pytest.raises(InputError, match="the series chosen is no PET but CT"):
            read_suv(folder, series=wanted)
        return
    suv = read_suv(folder, series=wanted)
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=2e-5)
    assert "1 other image series" in " ".join(suv.volume.notes)


def test_two_pet_series_are_listed(pet):
    uid = generate_uid()
    pet.slices += [_copied(dataset, SeriesInstanceUID=uid, SeriesNumber="5") for dataset in pet.slices]
    with pytest.raises(InputError, match="holds 2 image series:\n  PT.*series 3.*\n  PT.*series 5"):
        read_suv(pet.write())


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({}, "is a single slice"),
        ({"NumberOfFrames": "6"}, "enhanced"),
        ({"Modality": "CT", "SOPClassUID": CTImageStorage}, "is no PET image but: CT Image Storage"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "is no PET image but: Secondary Capture"),
    ],
    ids=["slice", "enhanced", "ct", "capture"],
)
def test_single_files(pet, tags, message):
    with pytest.raises(InputError, match=message):
        read_suv(pet.set(**tags).write() / "slice00.dcm")


def test_constant_images(pet):
    for dataset in pet.slices:
        dataset.PixelData = bytes(len(dataset.PixelData))
    with pytest.raises(InputError, match="all its voxels are 0"):
        read_suv(pet.write())


@pytest.mark.parametrize(
    ("factor", "note"),
    [(100.0, "The highest SUV is"), (1e-2, "is only 0.08"), (100.0, "Half of the voxels")],
    ids=["high", "low", "median"],
)
def test_values_that_are_hardly_suv(pet, factor, note):
    pet.worth([float(dataset.RescaleSlope) * 1e3 * factor for dataset in pet.slices])
    assert note in " ".join(read_suv(pet.write()).volume.notes)


def test_values_far_below_zero(pet):
    values = pet.stored[2].copy()
    values[0, 0] = -3000
    pet.slices[2].PixelData = values.astype("<i2").tobytes()
    assert "The lowest SUV is -3" in " ".join(read_suv(pet.write()).how.notes)


def _copied(dataset, **tags):
    copy = deepcopy(dataset)
    copy.SOPInstanceUID = generate_uid()
    for keyword, value in tags.items():
        setattr(copy, keyword, value)
    return copy
