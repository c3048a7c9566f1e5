"""When was it injected: dates, midnight, clocks, and times that cannot be."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from making_pet import DOSE_BQ, SCANNED, SLICES, WEIGHT_KG, decayed
from pydicom import DataElement
from pydicom.datadict import dictionary_VR

from prognosis.errors import InputError
from prognosis.imaging.pet import read_suv

BOTH = r"\(0018,1078\) or .*\(0018,1072\)"


def uptake_of(pet, minutes: float):
    """The series comes out right for this uptake time."""
    pet.worth(DOSE_BQ * decayed(60.0 * minutes) / (WEIGHT_KG * 1e3))
    suv = read_suv(pet.write())
    np.testing.assert_allclose(suv.volume.array, pet.suv, rtol=1e-4)
    assert suv.how.uptake_minutes == pytest.approx(minutes, abs=1e-2)
    return suv.how


@pytest.mark.parametrize(
    ("date_time", "time"),
    [
        ("20250101100000.000000", None),
        (None, "100000.000000"),
        ("20250101100000", "100000.00"),
        ("202501011000", "1000"),
        ("20250101100000.0000000", "10:00:00"),
        ("20250101095960", "100030"),
        ("20250101100000+0100", None),
    ],
    ids=["date-time", "time", "both", "to-the-minute", "colons", "leap-second", "offset-of-unknown-clock"],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_ways_to_write_the_injection(pet, date_time, time):
    pet.set_tracer(RadiopharmaceuticalStartDateTime=date_time, RadiopharmaceuticalStartTime=time)
    uptake_of(pet, 60.0)


@pytest.mark.parametrize(
    ("written", "series_offset"),
    [("20250101090000+0000", "+0100"), ("20250101040000.0-0500", "+0100"), ("20250101143000+0530", "+0100")],
    ids=["UTC", "New-York", "Delhi"],
)
def test_time_zones_are_turned_into_the_clock_of_the_series(pet, written, series_offset):
    pet.set(TimezoneOffsetFromUTC=series_offset)
    pet.set_tracer(RadiopharmaceuticalStartDateTime=written, RadiopharmaceuticalStartTime=None)
    uptake_of(pet, 60.0)


@pytest.mark.parametrize("dated", [True, False], ids=["date-time", "time-only"])
def test_injected_before_midnight_scanned_after(pet, dated):
    scanned = datetime(2025, 1, 2, 0, 40)
    pet.injected(datetime(2025, 1, 1, 23, 30)).acquired(*(scanned,) * SLICES)
    pet.set(SeriesDate="20250102", SeriesTime="004000", StudyDate="20250101", StudyTime="231500")
    if not dated:
        pet.set_tracer(RadiopharmaceuticalStartDateTime=None)
    uptake_of(pet, 70.0)


@pytest.mark.parametrize("acquisition_dates", [True, False], ids=["dated-slices", "date-of-the-series"])
@pytest.mark.parametrize("dated", [True, False], ids=["date-time", "time-only"])
def test_scanned_over_midnight(pet, later, dated, acquisition_dates):
    """The first bed is of the old year, the others of the new one."""
    shift = datetime(2024, 12, 31, 23, 57) - SCANNED
    begins = [begin + shift for begin in later(300.0)]
    pet.injected(datetime(2024, 12, 31, 22, 57)).acquired(*begins)
    pet.set(SeriesDate="20241231", SeriesTime="235700")
    for k, dataset in enumerate(pet.slices):
        dataset.FrameReferenceTime = f"{float(dataset.FrameReferenceTime) + 300e3 * (k // 2):.3f}"
    if not acquisition_dates:
        pet.set(AcquisitionDate=None)
    if not dated:
        pet.set_tracer(RadiopharmaceuticalStartDateTime=None)
    uptake_of(pet, 60.0)


@pytest.mark.parametrize("kept", ["20250101100000", None], ids=["date-time", "time-only"])
def test_dates_removed_leave_the_clock(pet, kept):
    pet.set(AcquisitionDate=None, SeriesDate=None, StudyDate=None)
    pet.set_tracer(RadiopharmaceuticalStartDateTime=kept)
    uptake_of(pet, 60.0)


def test_a_slice_dated_before_midnight_that_was_acquired_after(pet, later):
    begins = [begin + timedelta(hours=12, minutes=58) for begin in later(300.0)]
    pet.acquired(*begins).set(AcquisitionDate="20250101")
    with pytest.raises(InputError, match=r"more than 12 hours.*\(0008,0022\) and .*\(0008,0032\)"):
        read_suv(pet.write())


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"DateTime": None, "Time": None}, r"\(0018,1078\) and .*\(0018,1072\) are missing"),
        ({"DateTime": "20250101103000"}, r"\(0018,1078\) and .*\(0018,1072\) tell different times"),
        ({"DateTime": "20250101110000", "Time": None}, BOTH + " the injection lies 0 minutes after"),
        ({"DateTime": "20250101120000", "Time": None}, BOTH + " the injection lies 60 minutes after"),
        ({"DateTime": "20241231100000"}, BOTH + " the injection lies 25.0 hours before"),
        ({"DateTime": None, "Time": "120000"}, BOTH + r" the injection lies 1380 minutes .* 12.6 half-lives"),
        ({"DateTime": "20250101", "Time": "100000"}, r"\(0018,1078\) holds '20250101', which is a date without"),
        ({"DateTime": "today", "Time": None}, r"\(0018,1078\) holds 'today', which is no date and time"),
        ({"DateTime": "00010101100000", "Time": None}, r"\(0018,1078\) holds '00010101', which is no date"),
        ({"DateTime": "20251301100000", "Time": None}, r"\(0018,1078\) holds '20251301', which is no date"),
        ({"DateTime": None, "Time": "10"}, r"\(0018,1072\) holds '10', which is no time to the minute"),
        ({"DateTime": None, "Time": "95500"}, r"\(0018,1072\) holds '95500', which is no time to the minute"),
        ({"DateTime": None, "Time": "250000"}, r"\(0018,1072\) holds '250000', which is no time"),
    ],
    ids=[
        "missing",
        "contradicting",
        "at-the-scan",
        "after-the-scan",
        "the-day-before",
        "later-on-the-clock",
        "date-alone",
        "words",
        "year-1",
        "month-13",
        "hour-alone",
        "zero-lost",
        "hour-25",
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_injections_that_cannot_be(pet, tags, message):
    pet.set_tracer(**{f"RadiopharmaceuticalStart{name}": value for name, value in tags.items()})
    with pytest.raises(InputError, match=message) as refused:
        read_suv(pet.write())
    assert "--suv-factor" in refused.value.remedy


@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        ("AcquisitionTime", "noon", r"\(0008,0032\) holds 'noon'"),
        ("AcquisitionDate", "20250230", r"\(0008,0022\) holds '20250230', which is no date"),
        ("SeriesTime", "11.00", r"\(0008,0031\) holds '11.00'"),
        ("FrameReferenceTime", "soon", r"\(0054,1300\) holds 'soon'"),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_times_of_the_scan_that_cannot_be_read(pet, keyword, value, message):
    for dataset in pet.slices:
        dataset.add(DataElement(keyword, dictionary_VR(keyword), "0"))
        dataset[keyword]._value = value
        if keyword == "SeriesTime":
            del dataset.ActualFrameDuration
    with pytest.raises(InputError, match=message):
        read_suv(pet.write())


def test_an_offset_that_cannot_be_read(pet):
    pet.set(TimezoneOffsetFromUTC="CET").set_tracer(RadiopharmaceuticalStartDateTime="20250101100000+0100")
    with pytest.raises(InputError, match=r"\(0008,0201\) holds 'CET'"):
        read_suv(pet.write())


def test_a_short_uptake_is_told(pet):
    pet.injected(SCANNED - timedelta(minutes=5))
    assert "only 5 minutes after the injection" in " ".join(uptake_of(pet, 5.0).notes)
