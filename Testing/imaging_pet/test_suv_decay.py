"""Values corrected for decay to the start, to the injection, or not at all become the same SUV."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from making_pet import DOSE_BQ, FRAME_S, INJECTED, SCANNED, SLICES, WEIGHT_KG, decayed, middle_s
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from prognosis.errors import InputError
from prognosis.imaging.pet import read_suv

GA68_S = 4062.6


def bq_ml_a_suv(counted_to: datetime, half_life_s: float = 6586.2) -> float:
    """Activity concentration of a SUV of 1 at a time."""
    return DOSE_BQ * decayed((counted_to - INJECTED).total_seconds(), half_life_s) / (WEIGHT_KG * 1e3)


def assert_suv(pet, *, within: float = 1e-4):
    suv = read_suv(pet.write())
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=within)
    return suv.how


def test_corrected_to_the_injection_needs_no_times(pet):
    pet.set(DecayCorrection="ADMIN", AcquisitionTime=None, SeriesTime=None, FrameReferenceTime=None)
    pet.set_tracer(RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime=None, RadionuclideHalfLife=None)
    how = assert_suv(pet.worth(DOSE_BQ / (WEIGHT_KG * 1e3)))
    assert (how.decay_correction, how.reference, how.uptake_minutes) == ("ADMIN", "the injection", None)


def test_not_corrected_with_many_acquisition_times(pet):
    """A frame's mean activity, integrated by numbers, counts for the middle of its activity."""
    begins = [SCANNED + timedelta(seconds=200.0 * k) for k in range(SLICES)]
    pet.set(DecayCorrection="NONE", CorrectedImage=["ATTN", "NORM"]).acquired(*begins)
    pet.worth([bq_ml_a_suv(begin + timedelta(seconds=middle_s())) for begin in begins])
    how = assert_suv(pet)
    assert how.decay_correction == "NONE"
    assert how.uptake_minutes == pytest.approx(60.0)


def test_not_corrected_long_frames_of_a_short_lived_nuclide(pet):
    middle = middle_s(1200.0, 1221.8)
    pet.set(DecayCorrection="NONE", ActualFrameDuration="1200000", CorrectedImage=None)
    pet.set_tracer(RadionuclideHalfLife="1221.8", RadionuclideCodeSequence=None)
    assert_suv(pet.worth(bq_ml_a_suv(SCANNED + timedelta(seconds=middle), 1221.8)))


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"AcquisitionTime": None}, r"Acquisition Time \(0008,0032\) is missing.*\(0054,1102\) is NONE"),
        ({"ActualFrameDuration": None}, r"Frame Duration \(0018,1242\) is missing.*\(0054,1102\) is NONE"),
        ({"ActualFrameDuration": "0"}, r"\(0018,1242\) is 0 ms"),
        ({"ActualFrameDuration": "2000000000"}, r"\(0018,1242\) is 2e\+09 ms"),
    ],
    ids=["acquisition-time", "frame-duration", "frame-duration-0", "frame-duration-huge"],
)
def test_not_corrected_and_a_time_missing(pet, tags, message):
    with pytest.raises(InputError, match=message):
        read_suv(pet.set(DecayCorrection="NONE", **tags).write())


def test_not_corrected_and_one_time_for_all_beds(pet):
    pet.set(DecayCorrection="NONE")
    for k, dataset in enumerate(pet.slices):
        dataset.FrameReferenceTime = f"{150e3 + 300e3 * (k // 2):g}"
    with pytest.raises(InputError, match=r"\(0008,0032\) is the same for all slices.*\(0054,1300\)"):
        read_suv(pet.write())


@pytest.mark.parametrize("series_time", ["113000", "110000", "120000.5", None], ids=str)
def test_back_computed_over_bed_positions_whatever_the_series_time(pet, later, series_time):
    """Every bed tells the same reference: 10 minutes before the first one kept, as in a cropped series."""
    begins = [begin + timedelta(minutes=10) for begin in later(300.0)]
    pet.set(SeriesTime=series_time).acquired(*begins)
    for dataset, begin in zip(pet.slices, begins, strict=True):
        dataset.FrameReferenceTime = f"{1e3 * ((begin - SCANNED).total_seconds() + middle_s()):.3f}"
    how = assert_suv(pet)
    assert how.reference.startswith("back-computed from Acquisition Time (0008,0032)")
    assert how.notes == ()


def test_each_bed_corrected_to_its_own_start(pet, later):
    begins = later(600.0)
    pet.set(SeriesTime="114500").acquired(*begins).worth([bq_ml_a_suv(begin) for begin in begins])
    how = assert_suv(pet)
    assert "own Acquisition Time (0008,0032)" in " ".join(how.notes)
    assert how.lowest_factor < how.highest_factor


def test_frame_times_that_count_to_the_start_of_the_frames(pet, later):
    """Some scanners write 0 for the first bed; the decay factor tells."""
    begins = later(243.0)
    pet.set(SeriesTime="114500").acquired(*begins)
    for dataset, begin in zip(pet.slices, begins, strict=True):
        passed = (begin - SCANNED).total_seconds()
        dataset.FrameReferenceTime = f"{1e3 * passed:g}"
        dataset.DecayFactor = f"{1.0 / decayed(passed + middle_s()):.5f}"
    how = assert_suv(pet)
    assert "counts to the start of each frame" in " ".join(how.notes)


def test_one_acquisition_time_for_all_beds_leaves_the_series_time(pet):
    """As a GE Discovery ST writes it: the time of the series in each slice, frame times to each start."""
    for k, dataset in enumerate(pet.slices):
        passed = 243.0 * (k // 2)
        dataset.FrameReferenceTime = f"{1e3 * passed:g}"
        dataset.DecayFactor = f"{1.0 / decayed(passed + middle_s()):.5f}"
    how = assert_suv(pet)
    assert how.reference == "Series Date (0008,0021) and Series Time (0008,0031)"
    assert "contradict one another" in " ".join(how.notes)


def test_decay_factors_that_speak_against_beds_of_their_own(pet, later):
    """The frame times are the same for all beds, but the decay factors grow from bed to bed."""
    begins = later(600.0)
    pet.acquired(*begins)
    for dataset, begin in zip(pet.slices, begins, strict=True):
        dataset.DecayFactor = f"{1.0 / decayed((begin - SCANNED).total_seconds() + middle_s()):.5f}"
    how = assert_suv(pet)
    assert how.reference == "Series Date (0008,0021) and Series Time (0008,0031)"
    assert "contradict one another" in " ".join(how.notes)


def test_one_late_bed_with_the_time_of_the_series(pet):
    how = assert_suv(pet.set(FrameReferenceTime=f"{1e3 * (1215.0 + middle_s()):.3f}"))
    assert how.reference == "Series Date (0008,0021) and Series Time (0008,0031)"
    assert "that of the whole series" in " ".join(how.notes)


def test_a_frame_time_that_reaches_back_for_ever(pet):
    how = assert_suv(pet.set(FrameReferenceTime="1e30"))
    assert "reaches back more than 12 hours" in " ".join(how.notes)


@pytest.mark.parametrize("frame_time", ["0", "149.7"], ids=["zero", "in-seconds"])
def test_frame_times_that_do_not_reach_the_frame(pet, frame_time):
    how = assert_suv(pet.set(FrameReferenceTime=frame_time, SeriesTime="105958"), within=1e-3)
    assert "does not reach" in " ".join(how.notes)
    assert "Series Time" in how.reference


@pytest.mark.parametrize(
    ("missing", "named"),
    [("FrameReferenceTime", "0054,1300"), ("ActualFrameDuration", "0018,1242")],
)
@pytest.mark.parametrize(
    ("series_time", "source"),
    [
        ("110000", "Series Date (0008,0021) and Series Time (0008,0031)"),
        ("113000", "the earliest Acquisition Time (0008,0032)"),
        (None, "the earliest Acquisition Time (0008,0032)"),
    ],
    ids=["series-time", "series-time-later", "no-series-time"],
)
def test_what_is_missing_for_the_back_computation_is_noted(pet, missing, named, series_time, source):
    how = assert_suv(pet.set(SeriesTime=series_time, **{missing: None}))
    assert how.reference == source
    assert f"({named}) is missing" in " ".join(how.notes)


def test_missing_in_a_single_slice_counts_for_the_series(pet):
    del pet.slices[3].FrameReferenceTime
    assert "(0054,1300) is missing" in " ".join(assert_suv(pet).notes)


def test_without_acquisition_time_the_correction_is_unknown(pet):
    with pytest.raises(InputError, match=r"Acquisition Time \(0008,0032\) is missing"):
        read_suv(pet.set(AcquisitionTime=None).write())


def test_acquisition_date_time_stands_in(pet):
    pet.set(AcquisitionTime=None, AcquisitionDate=None, AcquisitionDateTime="20250101110000.000")
    assert assert_suv(pet).reference.startswith("back-computed")


@pytest.mark.parametrize("creator", ["GEMS_PETD_01", None], ids=["with-creator", "creator-lost"])
def test_ge_tells_when_the_scan_began(pet, creator):
    """The acquisition is told half an hour late, as after processing."""
    pet.set(Manufacturer="GE MEDICAL SYSTEMS", AcquisitionTime="113000", SeriesTime="114000")
    add_ge_scan_time(pet, "20250101110000.000000", creator)
    how = assert_suv(pet)
    assert "(0009,100D)" in how.reference
    assert "up to 30 minutes away" in " ".join(how.notes)


@pytest.mark.parametrize("written", ["20250101110100.00", "20241225110000", "20241231225959"])
def test_ge_tells_no_time_before_the_acquisition(pet, written):
    pet.set(Manufacturer="GE MEDICAL SYSTEMS")
    add_ge_scan_time(pet, written, "GEMS_PETD_01")
    how = assert_suv(pet)
    assert how.reference.startswith("back-computed")
    assert "(0009,100D) is not within" in " ".join(how.notes)


def test_ge_tells_no_time_at_all(pet):
    add_ge_scan_time(pet.set(Manufacturer="GE MEDICAL SYSTEMS"), "morning", "GEMS_PETD_01")
    with pytest.raises(InputError, match=r"\(0009,100D\) holds 'morning'"):
        read_suv(pet.write())


@pytest.mark.parametrize("value", [None, "", "CALIB"], ids=str)
def test_decay_correction_that_is_not_known(pet, value):
    with pytest.raises(InputError, match=r"Decay Correction \(0054,1102\) is"):
        read_suv(pet.set(DecayCorrection=value).write())


def test_gallium(pet):
    pet.set_tracer(RadionuclideHalfLife="4057.7")
    pet.set(FrameReferenceTime=f"{1e3 * middle_s(FRAME_S, 4057.7):.4f}")
    for tracer in pet.tracers:
        tracer.RadionuclideCodeSequence[0].CodeValue = "C-131A3"
    how = assert_suv(pet.worth(bq_ml_a_suv(SCANNED, 4057.7)))
    assert (how.half_life_s, how.notes) == (4057.7, ())


@pytest.mark.parametrize("code", ["C-131A3", "35337001"], ids=["SRT", "SCT"])
@pytest.mark.parametrize("told", [None, "0"], ids=["missing", "zero"])
def test_half_life_by_the_code_of_the_radionuclide(pet, code, told):
    for tracer in pet.set_tracer(RadionuclideHalfLife=told).tracers:
        tracer.RadionuclideCodeSequence[0].CodeValue = code
    how = assert_suv(pet.worth(bq_ml_a_suv(SCANNED, GA68_S)))
    assert how.half_life_s == GA68_S
    assert "Half Life (0018,1075) is missing: that of Ga-68" in " ".join(how.notes)


def test_half_life_against_the_code_is_told(pet):
    how = assert_suv(pet.set_tracer(RadionuclideHalfLife="4062.6").worth(bq_ml_a_suv(SCANNED, GA68_S)), within=2e-4)
    assert "is that of Ga-68, but" in " ".join(how.notes)
    assert "names F-18" in " ".join(how.notes)


@pytest.mark.parametrize(
    ("told", "code", "message"),
    [
        (None, "unheard-of", r"\(0018,1075\) is missing, and .*\(0054,0300\)"),
        ("109.77", "C-111A1", r"\(0018,1075\) is 109.77 s, which no PET radionuclide has \(F-18: 6586.2 s\)"),
        ("6000", "unheard-of", r"\(0018,1075\) is 6000 s"),
        ("-6586", "C-111A1", r"\(0018,1075\) is -6586 s"),
        ("6586,2", "C-111A1", r"\(0018,1075\) holds '6586,2' with a decimal comma"),
    ],
    ids=["none", "minutes", "of-nothing", "negative", "comma"],
)
def test_half_lives_that_cannot_be(pet, told, code, message):
    for tracer in pet.tracers:
        tracer.RadionuclideCodeSequence[0].CodeValue = code
        if told is None:
            del tracer.RadionuclideHalfLife
        else:
            tracer["RadionuclideHalfLife"] = RawDataElement(
                Tag("RadionuclideHalfLife"), "DS", len(told), told.encode(), 0, False, True
            )
    with pytest.raises(InputError, match=message):
        read_suv(pet.write())


def add_ge_scan_time(pet, written, creator):
    for dataset in pet.slices:
        if creator:
            dataset.add_new(0x00090010, "LO", creator)
        dataset.add_new(0x0009100D, "LO", written)
