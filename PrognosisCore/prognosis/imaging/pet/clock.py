"""DICOM dates and times as local clock time of the series; what cannot be read exactly is refused by tag."""

import re
from datetime import date, datetime, time, timedelta

from pydicom import Dataset

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import tag_name, text

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})(?::?(\d{2})(?:\.(\d*))?)?")
_DATE_TIME = re.compile(r"(\d{8})(\d{4,}(?:\.\d*)?)?([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")
_YEARS = range(1900, 2200)
_REMEDY = "Correct the tag, or give the factor to SUV by hand (--suv-factor)."


def date_of(file: DicomFile, keyword: str) -> date | None:
    """Return a tag of the kind DA, None when it is absent.

    Raises:
        InputError: It is no date.
    """
    written = text(file.header, keyword)
    return _date(written, file, tag_name(keyword)) if written else None


def time_of(file: DicomFile, keyword: str, dataset: Dataset | None = None) -> timedelta | None:
    """Return a tag of the kind TM as time since midnight, None when it is absent.

    Args:
        file: The file, for messages and its header.
        keyword: The tag.
        dataset: Where the tag lies, when not in the header itself.

    Raises:
        InputError: It is no time, or does not tell the minute.
    """
    written = text(file.header if dataset is None else dataset, keyword)
    return _time(written, file, tag_name(keyword)) if written else None


def datetime_of(file: DicomFile, keyword: str, dataset: Dataset | None = None) -> datetime | None:
    """Return a tag of the kind DT, None when it is absent; arguments and errors as for `time_of`."""
    written = text(file.header if dataset is None else dataset, keyword)
    return parse_datetime(written, file, tag_name(keyword)) if written else None


def parse_datetime(written: str, file: DicomFile, name: str) -> datetime:
    """Read date and time as DICOM writes them in one.

    An offset from UTC is turned into the clock of the series where Timezone Offset From UTC (0008,0201) tells it, and
    passed over where nothing does.

    Args:
        written: Such as '20250101100000.000000+0100'.
        file: The file it comes from.
        name: The tag in words and number, for messages.

    Raises:
        InputError: It is no date with a time.
    """
    match = _DATE_TIME.fullmatch(written)
    if match is None:
        raise _unreadable(file, name, written, "no date and time")
    if match[2] is None:
        raise _unreadable(file, name, written, "a date without a time")
    moment = at(_date(match[1], file, name), _time(match[2], file, name))
    series_offset = text(file.header, "TimezoneOffsetFromUTC")
    if match[3] is None or not series_offset:
        return moment
    series = _offset(series_offset, file, tag_name("TimezoneOffsetFromUTC"))
    return moment - _offset(match[3], file, name) + series


def at(day: date, since_midnight: timedelta) -> datetime:
    """The moment at a time of a day."""
    return datetime.combine(day, time()) + since_midnight


def _date(written: str, file: DicomFile, name: str) -> date:
    match = _DATE.fullmatch(written)
    try:
        if match is not None and int(match[1]) in _YEARS:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise _unreadable(file, name, written, "no date") from error
    raise _unreadable(file, name, written, "no date")


def _time(written: str, file: DicomFile, name: str) -> timedelta:
    match = _TIME.fullmatch(written)
    if match is None:
        raise _unreadable(file, name, written, "no time to the minute")
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    # A leap second is written as 60.
    if hours > 23 or minutes > 59 or seconds > 60:
        raise _unreadable(file, name, written, "no time")
    return timedelta(hours=hours, minutes=minutes, seconds=seconds + float(f"0.{match[4] or 0}"))


def _offset(written: str, file: DicomFile, name: str) -> timedelta:
    match = _OFFSET.fullmatch(written)
    if match is None:
        raise _unreadable(file, name, written, "no offset from UTC")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset


def _unreadable(file: DicomFile, name: str, written: str, what: str) -> InputError:
    return InputError(f"{file.path}: {name} holds '{written}', which is {what}.", remedy=_REMEDY)
