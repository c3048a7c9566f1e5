"""Each of DICOM's units becomes the same SUV."""

import numpy as np
import pytest
from pydicom.uid import ImplicitVRLittleEndian

from prognosis.errors import InputError, PrognosisError, UsageError
from prognosis.imaging.pet import SuvGiven, read_suv

BQ_ML_A_SUV = 368.08e6 * 2.0 ** (-3600.0 / 6586.2) / 70e3


def assert_suv(pet, **options):
    """The series comes out as the SUV it was made of."""
    suv = read_suv(pet.write(), **options)
    assert suv.volume.array.dtype == np.float32
    assert suv.volume.modality == "PT"
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=2e-5)
    return suv.how


def test_becquerels_per_millilitre(pet):
    how = assert_suv(pet)
    assert (how.units, how.decay_correction, how.notes) == ("BQML", "START", ())
    assert how.lowest_factor == how.highest_factor == pytest.approx(1.0 / BQ_ML_A_SUV, rel=2e-5)
    assert how.uptake_minutes == pytest.approx(60.0, abs=1e-3)
    assert (how.dose_bq, how.half_life_s) == (368.08e6, 6586.2)


def test_a_slope_a_slice(pet):
    slopes = [1.0, 2.0, 0.5, 3.0, 1.7, 0.9]
    for dataset, slope, values in zip(pet.slices, slopes, pet.stored, strict=True):
        dataset.RescaleSlope = f"{BQ_ML_A_SUV * 1e-3 * slope:.10g}"
        dataset.PixelData = np.round(values / slope).astype("<i2").tobytes()
    suv = read_suv(pet.write()).volume.array
    np.testing.assert_allclose(suv, pet.suv, atol=0.5 * 3.0 * 1e-3 * 1.001)


def test_slices_written_in_any_order(pet):
    pet.slices.reverse()
    assert_suv(pet)


@pytest.mark.parametrize("suv_type", [None, "", "BW"], ids=["absent", "empty", "BW"])
def test_body_weight_suv_stay(pet, suv_type):
    how = assert_suv(
        pet.set(
            Units="GML",
            SUVType=suv_type,
            DecayCorrection=None,
            PatientWeight=None,
            RadiopharmaceuticalInformationSequence=None,
        ).worth(1.0)
    )
    assert how.units == ("GML BW" if suv_type else "GML")


# Masses by hand for 70 kg and 175 cm: 1.10*70 - 120*0.16 and so on, (70/175)^2 being 0.16; BMI 22.857.
@pytest.mark.parametrize(
    ("suv_type", "sex", "mass_kg"),
    [
        ("LBM", "M", 77.0 - 19.2),
        ("LBM", "F", 74.9 - 23.68),
        ("LBM", "O", (57.8 + 51.22) / 2),
        ("LBMJAMES128", "M", 77.0 - 20.48),
        ("LBMJAMES128", "F", 74.9 - 23.68),
        ("LBMJAMES128", "O", (56.52 + 51.22) / 2),
        ("LBMJANMA", "M", 648900.0 / (6680.0 + 4937.142857)),
        ("LBMJANMA", "F", 648900.0 / (8780.0 + 5577.142857)),
        ("LBMJANMA", "O", 50.5272),
        ("IBW", "M", 48.0 + 1.06 * 23),
        ("IBW", "F", 45.5 + 0.91 * 23),
        ("IBW", "O", 69.405),
    ],
)
@pytest.mark.parametrize("size", ["1.75", "175"], ids=["metres", "centimetres"])
def test_suv_by_other_masses(pet, suv_type, sex, mass_kg, size):
    pet.set(Units="GML", SUVType=suv_type, PatientSex=sex, PatientSize=size).worth(mass_kg / 70.0)
    how = assert_suv(pet)
    assert ("centimetres" in " ".join(how.notes)) == (size == "175")
    assert ("neither M nor F" in " ".join(how.notes)) == (sex == "O")


@pytest.mark.parametrize("suv_type", [None, "BSA"])
def test_suv_by_body_surface(pet, suv_type):
    surface_cm2 = 0.007184 * 175.0**0.725 * 70.0**0.425 * 1e4
    assert_suv(pet.set(Units="CM2ML", SUVType=suv_type).worth(surface_cm2 / 70e3))


@pytest.mark.parametrize(
    ("creator", "block", "maker"),
    [
        ("Philips PET Private Group", 0x10, "Philips Medical Systems"),
        ("Philips PET Private Group", 0x23, "whoever exported it"),
        (None, 0x10, "Philips Medical Systems"),
    ],
    ids=["block-10", "block-23", "creator-lost"],
)
@pytest.mark.parametrize(
    ("element", "factor", "per_suv"),
    [(0x00, 0.0005, 1.0), (0x09, 1.8, BQ_ML_A_SUV)],
    ids=["suv-factor", "activity-factor"],
)
@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
def test_philips_counts(pet, creator, block, maker, element, factor, per_suv, implicit):
    pet.set(Units="CNTS", Manufacturer=maker).worth(per_suv / factor)
    add_private(pet, 0x7053, block, creator, element, "DS", str(factor))
    if implicit:
        for dataset in pet.slices:
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    how = assert_suv(pet)
    assert "Philips" in how.source
    assert how.decay_correction == ("START" if element else None)


def test_philips_suv_factor_wins_over_the_other(pet):
    pet.set(Units="CNTS", Manufacturer="Philips").worth(1.0 / 0.002)
    add_private(pet, 0x7053, 0x10, "Philips PET Private Group", 0x00, "DS", "0.002")
    add_private(pet, 0x7053, 0x10, "Philips PET Private Group", 0x09, "DS", "77")
    assert "SUV factor" in assert_suv(pet).source


def test_philips_suv_factor_of_zero_leaves_the_other(pet):
    pet.set(Units="CNTS", Manufacturer="Philips").worth(BQ_ML_A_SUV / 2.5)
    add_private(pet, 0x7053, 0x10, "Philips PET Private Group", 0x00, "DS", "0.0")
    add_private(pet, 0x7053, 0x10, "Philips PET Private Group", 0x09, "DS", "2.5")
    assert "activity factor" in assert_suv(pet).source


def test_philips_activity_factor_serves_a_weight_given_by_hand(pet):
    pet.set(Units="CNTS", Manufacturer="Philips").worth(BQ_ML_A_SUV * 70.0 / 80.0 / 2.5)
    add_private(pet, 0x7053, 0x10, "Philips PET Private Group", 0x00, "DS", "9.9")
    add_private(pet, 0x7053, 0x10, "Philips PET Private Group", 0x09, "DS", "2.5")
    how = assert_suv(pet, given=SuvGiven(weight_kg=80.0))
    assert how.given.weight_kg == 80.0


@pytest.mark.parametrize(
    ("creator", "maker", "value", "message"),
    [
        (None, "Siemens", "0.0005", r"7053,1000.*7053,1009"),
        ("Another Group", "Philips", "0.0005", r"7053,1000.*7053,1009"),
        ("Philips PET Private Group", "Philips", "0", r"7053,1000.*7053,1009"),
        ("Philips PET Private Group", "Philips", "x", r"7053,1000\) holds 'x'"),
        ("Philips PET Private Group", "Philips", "-1", r"7053,1000\) holds '-1'"),
    ],
    ids=["another-maker", "another-creator", "zero", "text", "negative"],
)
def test_counts_without_a_factor_are_refused(pet, creator, maker, value, message):
    pet.set(Units="CNTS", Manufacturer=maker)
    for dataset in pet.slices:
        if creator:
            dataset.add_new(0x70530010, "LO", creator)
        dataset.add_new(0x70531000, "LO", value)
    with pytest.raises(InputError, match=message):
        read_suv(pet.write())


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"Units": None}, r"Units \(0054,1001\) is missing"),
        ({"Units": "CPS"}, r"Units \(0054,1001\) is CPS"),
        ({"Units": "PROPCPS"}, r"\(0054,1001\) is PROPCPS"),
        ({"Units": "1CM"}, r"\(0054,1001\) is 1CM"),
        ({"Units": "GML", "SUVType": "BSA"}, r"\(0054,1001\) is GML and SUV Type \(0054,1006\) is BSA"),
        ({"Units": "CM2ML", "SUVType": "LBM"}, r"CM2ML and SUV Type \(0054,1006\) is LBM"),
        ({"Units": "GML", "SUVType": "LBM", "PatientSize": None}, r"Size \(0010,1020\) is missing"),
        ({"Units": "GML", "SUVType": "LBM", "PatientSize": "0"}, r"Size \(0010,1020\) is 0 m"),
        ({"Units": "GML", "SUVType": "LBM", "PatientSize": "1750"}, r"Size \(0010,1020\) is 1750 m"),
        ({"Units": "GML", "SUVType": "LBM", "PatientSex": ""}, r"Sex \(0010,0040\) is ''"),
        ({"Units": "GML", "SUVType": "LBM", "PatientWeight": None}, r"Weight \(0010,1030\) is missing"),
        ({"Units": "GML", "SUVType": "LBM", "PatientWeight": "300", "PatientSex": "F"}, r"\(0054,1006\) is LBM.*-"),
        ({"Units": "CM2ML", "PatientSize": None}, r"Size \(0010,1020\) is missing"),
    ],
    ids=lambda value: "-".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_units_that_cannot_be_converted_are_refused(pet, tags, message):
    with pytest.raises(InputError, match=message):
        read_suv(pet.set(**tags).write())


@pytest.mark.parametrize(
    ("tags", "given"),
    [
        ({"Units": "GML"}, SuvGiven(weight_kg=80.0)),
        ({"Units": "GML"}, SuvGiven(dose_bq=3e8)),
        ({"Units": "GML", "SUVType": "LBM"}, SuvGiven(dose_bq=3e8)),
        ({"Units": "CM2ML"}, SuvGiven(dose_bq=3e8)),
    ],
    ids=["BW-weight", "BW-dose", "LBM-dose", "BSA-dose"],
)
def test_values_by_hand_that_would_change_nothing_are_refused(pet, tags, given):
    with pytest.raises(UsageError, match="would change nothing"):
        read_suv(pet.set(**tags).write(), given=given)


def test_messages_hold_no_names(pet):
    with pytest.raises(PrognosisError) as refused:
        read_suv(pet.set(Units="CPS").write())
    assert "ecret" not in str(refused.value).lower().replace(str(pet.folder).lower(), "")


def add_private(pet, group, block, creator, element, kind, value):
    for dataset in pet.slices:
        if creator:
            dataset.add_new(group << 16 | block, "LO", creator)
        dataset.add_new(group << 16 | block << 8 | element, kind, value)
