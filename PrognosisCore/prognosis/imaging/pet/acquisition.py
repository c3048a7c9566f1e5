"""When each slice of a PET series was acquired, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import has_value, number, tag_name
from prognosis.imaging.pet.clock import at, date_of, datetime_of, time_of

_NO_DAY = date(2000, 1, 1)
_HALF_A_DAY = timedelta(hours=12)
_LONGEST_FRAME_MS = 12 * 3.6e6


@dataclass(frozen=True)
class Acquisitions:
    """When the slices of a series were acquired.

    Args:
        begins: Start of the acquisition of each slice, in the order of the slices; empty when any is untold.
        dated: Whether the header tells dates; else all days are one, and only differences count.
    """

    begins: tuple[datetime, ...]
    dated: bool

    @property
    def earliest(self) -> datetime | None:
        return min(self.begins, default=None)


def acquisitions(slices: Sequence[DicomFile]) -> Acquisitions:
    """Read Acquisition Date and Time, or Acquisition DateTime; the date may be that of series or study.

    Raises:
        InputError: A tag cannot be read, or the acquisition lasts half a day.
    """
    dated = all(_day(file) is not None or has_value(file.header, "AcquisitionDateTime") for file in slices)
    told = [_begin(file, dated=dated) for file in slices]
    begins = tuple(begin for begin in told if begin is not None)
    if len(begins) < len(slices):
        return Acquisitions((), dated)
    if max(begins) - min(begins) > _HALF_A_DAY:
        raise InputError(
            f"{slices[0].path.parent}: the slices were acquired over more than 12 hours, as "
            f"{tag_name('AcquisitionDate')} and {tag_name('AcquisitionTime')} tell.",
            remedy="Correct the dates of the slices acquired after midnight, or give slices of one acquisition.",
        )
    return Acquisitions(begins, dated)


def series_begin(file: DicomFile, *, dated: bool) -> datetime | None:
    """Series Date and Time; where the series is not dated, the time on the one day that is counted."""
    since_midnight = time_of(file, "SeriesTime")
    day = date_of(file, "SeriesDate") if dated else _NO_DAY
    return None if since_midnight is None or day is None else at(day, since_midnight)


def duration_s(file: DicomFile) -> float | None:
    """Actual Frame Duration in seconds, None when it is absent.

    Raises:
        InputError: It is not above zero, or more than 12 hours.
    """
    if not has_value(file.header, "ActualFrameDuration"):
        return None
    milliseconds = number(file.header, "ActualFrameDuration", file.path)
    if not 0 < milliseconds <= _LONGEST_FRAME_MS:
        raise InputError(
            f"{file.path}: {tag_name('ActualFrameDuration')} is {milliseconds:g} ms.",
            remedy="Correct the tag, or give the factor to SUV by hand (--suv-factor).",
        )
    return milliseconds / 1000.0


def frame_reference_s(file: DicomFile) -> float | None:
    """Frame Reference Time in seconds, None when it is absent."""
    if not has_value(file.header, "FrameReferenceTime"):
        return None
    return number(file.header, "FrameReferenceTime", file.path) / 1000.0


def _begin(file: DicomFile, *, dated: bool) -> datetime | None:
    since_midnight = time_of(file, "AcquisitionTime")
    day = _day(file) if dated else _NO_DAY
    if since_midnight is None or day is None:
        return datetime_of(file, "AcquisitionDateTime")
    begin = at(day, since_midnight)
    if dated and not has_value(file.header, "AcquisitionDate") and _is_next_day(file, since_midnight):
        begin += timedelta(days=1)
    return begin


def _day(file: DicomFile) -> date | None:
    return date_of(file, "AcquisitionDate") or date_of(file, "SeriesDate") or date_of(file, "StudyDate")


def _is_next_day(file: DicomFile, since_midnight: timedelta) -> bool:
    """Whether a date that is that of the series or the study is the day before the acquisition."""
    kind = "Series" if has_value(file.header, "SeriesDate") else "Study"
    begun = time_of(file, f"{kind}Time")
    return begun is not None and begun - since_midnight > _HALF_A_DAY
