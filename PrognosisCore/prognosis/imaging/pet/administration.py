"""When the radiopharmaceutical was injected."""

from datetime import datetime, timedelta

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import tag_name
from prognosis.imaging.pet.clock import at, datetime_of, time_of
from prognosis.imaging.pet.headers import BY_HAND_FACTOR, tracer_of

_DAY = timedelta(days=1)
_SAME_TIME = timedelta(minutes=1)
_HALF_LIVES_AT_MOST = 6.0
_SHORT_UPTAKE = timedelta(minutes=20)
_SHORT_HALF_LIFE_S = 3600.0
_TIME, _DATE_TIME = "RadiopharmaceuticalStartTime", "RadiopharmaceuticalStartDateTime"


def administration_time(file: DicomFile, scan: datetime, *, dated: bool) -> datetime:
    """Return when the radiopharmaceutical was injected.

    The date and time counts; a time without a date is the last one before the scan, so of the day before when the
    clock shows a later time than at the scan.

    Args:
        file: A slice of the series.
        scan: When its acquisition began.
        dated: Whether the dates of the series are known.

    Raises:
        InputError: Both tags are missing or cannot be read, or they contradict one another.
    """
    tracer = tracer_of(file)
    moment, clock = datetime_of(file, _DATE_TIME, tracer), time_of(file, _TIME, tracer)
    if moment is not None and clock is not None:
        apart = abs(at(moment.date(), clock) - moment)
        if min(apart, _DAY - apart) > _SAME_TIME:
            raise InputError(
                f"{file.path}: {tag_name(_DATE_TIME)} and {tag_name(_TIME)} tell different times of injection.",
                remedy="Correct the one that is wrong, or remove it. " + BY_HAND_FACTOR,
            )
    if moment is not None and dated:
        return moment
    if clock is None and moment is not None:
        clock = moment - datetime.combine(moment.date(), datetime.min.time())
    if clock is None:
        raise InputError(
            f"{file.path}: {tag_name(_DATE_TIME)} and {tag_name(_TIME)} are missing.", remedy=BY_HAND_FACTOR
        )
    last = at(scan.date(), clock)
    return last - _DAY if last > scan else last


def uptake(file: DicomFile, administered: datetime, counted_to: datetime, half_life_s: float) -> timedelta:
    """Return the time from injection to the moment the values count for.

    Raises:
        InputError: It is zero or negative, more than a day, or more than six half-lives.
    """
    passed = counted_to - administered
    tags = f"{tag_name(_DATE_TIME)} or {tag_name(_TIME)}"
    remedy = f"Check it against {tag_name('AcquisitionDate')} and {tag_name('AcquisitionTime')}. {BY_HAND_FACTOR}"
    if passed <= timedelta():
        raise InputError(
            f"{file.path}: by {tags} the injection lies {abs(passed.total_seconds()) / 60.0:.0f} minutes after "
            "the scan began.",
            remedy=remedy,
        )
    if passed > _DAY:
        raise InputError(
            f"{file.path}: by {tags} the injection lies {passed.total_seconds() / 3600.0:.1f} hours before the scan; "
            "at most 24 are accepted.",
            remedy=remedy,
        )
    if passed.total_seconds() > _HALF_LIVES_AT_MOST * half_life_s:
        raise InputError(
            f"{file.path}: by {tags} the injection lies {passed.total_seconds() / 60.0:.0f} minutes before the scan, "
            f"{passed.total_seconds() / half_life_s:.1f} half-lives of the radionuclide: too little would be left.",
            remedy=remedy,
        )
    return passed


def uptake_notes(passed: timedelta, half_life_s: float) -> tuple[str, ...]:
    """Say when the uptake time is too short for a tracer that is imaged late."""
    if passed >= _SHORT_UPTAKE or half_life_s < _SHORT_HALF_LIFE_S:
        return ()
    return (
        f"The scan began only {passed.total_seconds() / 60.0:.0f} minutes after the injection: SUV do not compare with "
        "those of the usual hour.",
    )
