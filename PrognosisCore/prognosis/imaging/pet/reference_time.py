"""The time to which a series with Decay Correction START was corrected, in the order in which sources are trusted.

1. GE's PET scan_datetime (0009,100D), which GE itself says to use where a series was processed later.
2. Back-computed for each slice (`back_computed`): independent of Series Time, of missing slices and of the maker.
3. Series Date and Time, unless later than the first acquisition: then the series was processed afterwards.
4. The first acquisition, which is too late when the first slices of the scan were cropped away.

Sources: Vácha et al., Comprehensive Manual for SUV Computation, 'Decay correction = START', which proposes 2 alone; the
QIBA FDG-PET profile, whose order 3, 1, 4, 2 the manual quotes; DICOM PS3.3 C.8.9.1 and C.8.9.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import tag_name
from prognosis.imaging.pet.acquisition import Acquisitions, series_begin
from prognosis.imaging.pet.back_computation import back_computed
from prognosis.imaging.pet.clock import at, parse_datetime
from prognosis.imaging.pet.headers import BY_HAND_FACTOR
from prognosis.imaging.pet.private_tags import ge_scan_datetime

_ROUNDING = timedelta(seconds=2)
_LONGEST_SCAN = timedelta(hours=12)
_WORTH_TELLING = timedelta(minutes=1)
_GE_NAME = "GE's PET scan_datetime (0009,100D)"


@dataclass(frozen=True)
class References:
    """The time to which each slice was corrected.

    Args:
        times: In the order of the slices.
        source: Where they come from, in words.
        notes: What the user should know.
    """

    times: tuple[datetime, ...]
    source: str
    notes: tuple[str, ...] = ()


def start_references(slices: Sequence[DicomFile], scan: Acquisitions, half_life_s: float) -> References:
    """Find the time to which the slices of a series with Decay Correction START were corrected.

    Args:
        slices: The slices.
        scan: When they were acquired.
        half_life_s: Half-life of the radionuclide, in seconds.

    Raises:
        InputError: No source tells it; the tags that are missing are named.
    """
    computed = back_computed(slices, scan, half_life_s)
    told = _told_by_ge(slices[0], scan)
    if isinstance(told, datetime):
        return References((told,) * len(slices), _GE_NAME, _disagreement(told, computed.times))
    notes = (told,) if told else ()
    if computed.times:
        return References(computed.times, computed.source, (*notes, *computed.notes))
    series = series_begin(slices[0], dated=scan.dated)
    series_name = f"{tag_name('SeriesDate')} and {tag_name('SeriesTime')}"
    if scan.earliest is None:
        raise InputError(
            f"{slices[0].path}: the time to which the image was corrected for decay is not told: "
            f"{tag_name('AcquisitionTime')} is missing.",
            remedy=BY_HAND_FACTOR,
        )
    if series is not None and scan.earliest - _LONGEST_SCAN <= series <= scan.earliest + _ROUNDING:
        why = f"{computed.problem}: the image is taken to be corrected for decay to {series_name}."
        return References((series,) * len(slices), series_name, (*notes, why))
    unusable = "later than the acquisition" if series is not None and series > scan.earliest else "no help"
    return References(
        (scan.earliest,) * len(slices),
        f"the earliest {tag_name('AcquisitionTime')}",
        (
            *notes,
            f"{computed.problem}, and {tag_name('SeriesTime')} is {unusable}: the image is taken to be corrected for "
            f"decay to the earliest {tag_name('AcquisitionTime')}; SUV are too high if the first slices of the scan "
            "are not in the series.",
        ),
    )


def _told_by_ge(file: DicomFile, scan: Acquisitions) -> datetime | str:
    """GE's own time, or in words why it is not used; empty when absent."""
    written = ge_scan_datetime(file)
    if not written:
        return ""
    told = parse_datetime(written, file, _GE_NAME)
    if scan.earliest is None:
        return told
    if not scan.dated:
        told = at(scan.earliest.date(), told - datetime.combine(told.date(), datetime.min.time()))
    if scan.earliest - _LONGEST_SCAN <= told <= scan.earliest + _ROUNDING:
        return told
    return f"{_GE_NAME} is not within the 12 hours before the acquisition: it is not used."


def _disagreement(told: datetime, computed: Sequence[datetime]) -> tuple[str, ...]:
    apart = max((abs(time - told) for time in computed), default=timedelta())
    if apart <= _WORTH_TELLING:
        return ()
    return (
        f"{_GE_NAME} is used; {tag_name('AcquisitionTime')} and {tag_name('FrameReferenceTime')} lead to another time, "
        f"up to {apart.total_seconds() / 60.0:.0f} minutes away.",
    )
