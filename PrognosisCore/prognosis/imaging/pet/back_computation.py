"""The time to which slices were corrected for decay, computed back from when and how long each was acquired.

t_ref = t_acq + T_ave - t_frame, with t_acq Acquisition Time, t_frame Frame Reference Time and T_ave the average count
rate time of Actual Frame Duration: option 4 of QIBA and option B of Vácha et al., Comprehensive Manual for SUV
Computation. It presumes that t_frame counts from t_ref to the average count rate time (DICOM PS3.3 C.8.9.4). Scanners
are known whose t_frame counts to the start of the frame, and whose t_acq is that of the whole series for every bed
position; the Decay Factor (0054,1321) and a contradiction between slices betray both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import has_value, number, tag_name
from prognosis.imaging.pet.acquisition import Acquisitions, duration_s, frame_reference_s, series_begin
from prognosis.imaging.pet.decay import average_count_time, decay_constant

_ROUNDING_S = 5.0
_ONE_TIME_S = 30.0
_ONE_TIME_AT_LEAST_S = 2.0
_ONE_TIME_HALF_LIVES = 0.005
_AWAY_S = 60.0
_LONGEST_SCAN_S = 12 * 3600.0
# Some writers put 1 where they mean that nothing is told.
_TELLING_DECAY_FACTOR = 1.0005
_NAMES = ", ".join(tag_name(keyword) for keyword in ("AcquisitionTime", "FrameReferenceTime", "ActualFrameDuration"))


@dataclass(frozen=True)
class BackComputed:
    """The result of a back-computation.

    Args:
        times: The time to which each slice was corrected, empty when it cannot be told.
        source: Where it comes from, in words.
        notes: What the user should know.
        problem: Why it cannot be told, in words; empty when it can.
    """

    times: tuple[datetime, ...] = ()
    source: str = f"back-computed from {_NAMES}"
    notes: tuple[str, ...] = ()
    problem: str = ""


def back_computed(slices: Sequence[DicomFile], scan: Acquisitions, half_life_s: float) -> BackComputed:
    """Compute back the time to which slices with Decay Correction START were corrected.

    Args:
        slices: The slices.
        scan: When they were acquired.
        half_life_s: Half-life of the radionuclide, in seconds.
    """
    durations = [duration_s(file) for file in slices]
    frame_references = [frame_reference_s(file) for file in slices]
    missing = [
        tag_name(keyword)
        for keyword, complete in (
            ("AcquisitionTime", bool(scan.begins)),
            ("FrameReferenceTime", None not in frame_references),
            ("ActualFrameDuration", None not in durations),
        )
        if not complete
    ]
    if missing or scan.earliest is None:
        return BackComputed(problem=f"{' and '.join(missing)} is missing")
    begins = np.array([(begin - scan.earliest).total_seconds() for begin in scan.begins])
    middles = np.array([average_count_time(half_life_s, duration) for duration in durations if duration is not None])
    frames = np.array([frame for frame in frame_references if frame is not None])
    corrected_over = _corrected_over_s(slices, half_life_s)
    notes: tuple[str, ...] = ()
    if _count_to_starts(frames, middles, corrected_over):
        middles = np.zeros_like(middles)
        notes = (
            f"{tag_name('FrameReferenceTime')} counts to the start of each frame, as {tag_name('DecayFactor')} tells.",
        )
    references = begins + middles - frames
    one_time = min(_ONE_TIME_S, max(_ONE_TIME_AT_LEAST_S, _ONE_TIME_HALF_LIVES * half_life_s))
    own_begins = bool(np.ptp(references) > one_time)
    before_begin = begins - references
    problem = ""
    if before_begin.min() < -_ROUNDING_S:
        problem = f"{tag_name('FrameReferenceTime')} does not reach from the start of the scan to the middle of a frame"
    elif before_begin.max() > _LONGEST_SCAN_S:
        problem = f"{tag_name('FrameReferenceTime')} reaches back more than 12 hours"
    elif own_begins and (np.abs(before_begin).max() > _ROUNDING_S or np.ptp(corrected_over) > one_time):
        problem = (
            f"{tag_name('AcquisitionTime')} and {tag_name('FrameReferenceTime')} of the slices contradict one another"
        )
    elif before_begin.max() > _AWAY_S and _are_of_the_series(slices[0], scan):
        problem = f"{tag_name('AcquisitionTime')} is that of the whole series, not of the slices"
    if problem:
        return BackComputed(problem=problem)
    if own_begins:
        notes = (*notes, f"Each bed position was corrected for decay to its own {tag_name('AcquisitionTime')}.")
    return BackComputed(
        times=tuple(scan.earliest + timedelta(seconds=seconds) for seconds in references.tolist()), notes=notes
    )


def _are_of_the_series(file: DicomFile, scan: Acquisitions) -> bool:
    """Whether all acquisitions begin with the series."""
    series = series_begin(file, dated=scan.dated)
    return series is not None and all(abs((begin - series).total_seconds()) < 1.0 for begin in scan.begins)


def _corrected_over_s(slices: Sequence[DicomFile], half_life_s: float) -> NDArray[np.float64]:
    """Seconds of decay that each slice's Decay Factor makes good; zeros unless all tell."""
    factors = [
        number(file.header, "DecayFactor", file.path) if has_value(file.header, "DecayFactor") else 1.0
        for file in slices
    ]
    if min(factors) < _TELLING_DECAY_FACTOR:
        return np.zeros(len(factors))
    return np.log(factors) / decay_constant(half_life_s)


def _count_to_starts(
    frames: NDArray[np.float64], middles: NDArray[np.float64], corrected_over: NDArray[np.float64]
) -> bool:
    """Whether frame reference times count to the start of the frames, not to their middle."""
    apart = np.abs(corrected_over - middles - frames)
    return bool(np.all(corrected_over > 0) and np.all(apart <= 2.0 + middles / 10.0))
