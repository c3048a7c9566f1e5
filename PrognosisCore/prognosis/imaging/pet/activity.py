"""From activity concentration (Bq/ml) to SUVbw, slice by slice.

SUVbw = value * W / D, with W the body weight in g and D what is left of the activity administered at the time for which
the value counts.

Sources: Vácha et al., Comprehensive Manual for SUV Computation, 'Radiopharmaceutical dose'; DICOM PS3.3 C.8.9.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import tag_name
from prognosis.imaging.pet.acquisition import Acquisitions, acquisitions, duration_s, frame_reference_s
from prognosis.imaging.pet.administration import administration_time, uptake, uptake_notes
from prognosis.imaging.pet.body import body_weight
from prognosis.imaging.pet.decay import decay_in_frame, remaining
from prognosis.imaging.pet.dose import administered_dose
from prognosis.imaging.pet.given import SuvGiven
from prognosis.imaging.pet.headers import BY_HAND_FACTOR, code
from prognosis.imaging.pet.radionuclides import half_life
from prognosis.imaging.pet.reference_time import start_references


@dataclass(frozen=True)
class DecayFactors:
    """What decay does to SUV.

    Args:
        factors: For each slice, what value * W / D of the activity as administered is multiplied by.
        correction: Decay Correction (0054,1102).
        reference: Where the time comes from to which the values were corrected, in words.
        half_life_s: Half-life in seconds, None when it does not count.
        uptake_minutes: From the injection to that time, None when it does not count.
        notes: What the user should know.
    """

    factors: NDArray[np.float64]
    correction: str
    reference: str
    half_life_s: float | None = None
    uptake_minutes: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActivityScale:
    """Factors from Bq/ml to SUVbw for each slice, and how they came about."""

    factors: NDArray[np.float64]
    dose_bq: float
    decay: DecayFactors
    notes: tuple[str, ...]


def activity_scale(slices: Sequence[DicomFile], given: SuvGiven) -> ActivityScale:
    """Compute what Bq/ml are multiplied by in each slice to be SUVbw.

    Args:
        slices: The slices of one series, in order.
        given: What takes the place of values in the header.

    Raises:
        InputError: Weight, dose, half-life, or a time is missing, cannot be read or cannot be.
    """
    weight_kg, weight_notes = body_weight(slices[0], given)
    dose_bq, dose_notes = administered_dose(slices[0], given)
    decay = decay_factors(slices)
    return ActivityScale(
        decay.factors * (weight_kg * 1000.0 / dose_bq), dose_bq, decay, (*weight_notes, *dose_notes, *decay.notes)
    )


def decay_factors(slices: Sequence[DicomFile]) -> DecayFactors:
    """Compute what decay does to SUV, by Decay Correction: ADMIN, START or NONE.

    Raises:
        InputError: It is none of them, or what it needs is missing.
    """
    correction = code(slices[0], "DecayCorrection")
    match correction:
        case "ADMIN":
            return DecayFactors(np.ones(len(slices)), correction, "the injection")
        case "START":
            return _corrected_to_start(slices)
        case "NONE":
            return _not_corrected(slices)
    raise InputError(
        f"{slices[0].path}: {tag_name('DecayCorrection')} is '{correction}', not START, ADMIN or NONE."
        if correction
        else f"{slices[0].path}: {tag_name('DecayCorrection')} is missing.",
        remedy=BY_HAND_FACTOR,
    )


def _corrected_to_start(slices: Sequence[DicomFile]) -> DecayFactors:
    half_life_s, notes = half_life(slices[0])
    scan = acquisitions(slices)
    references = start_references(slices, scan, half_life_s)
    passed = _uptakes(slices, references.times, scan, half_life_s)
    return DecayFactors(
        np.array([1.0 / remaining(half_life_s, time.total_seconds()) for time in passed]),
        "START",
        references.source,
        half_life_s,
        min(passed).total_seconds() / 60.0,
        (*notes, *references.notes, *uptake_notes(min(passed), half_life_s)),
    )


def _not_corrected(slices: Sequence[DicomFile]) -> DecayFactors:
    """SUVbw = value * W / D * lambda T / (1 - exp(-lambda T)) * exp(lambda (t_acq - t_adm)), slice by slice."""
    half_life_s, notes = half_life(slices[0])
    scan = acquisitions(slices)
    durations = [duration_s(file) for file in slices]
    for keyword, missing in (("AcquisitionTime", not scan.begins), ("ActualFrameDuration", None in durations)):
        if missing:
            raise InputError(
                f"{slices[0].path.parent}: {tag_name(keyword)} is missing in a slice, and the series was not corrected "
                f"for decay ({tag_name('DecayCorrection')} is NONE).",
                remedy=BY_HAND_FACTOR,
            )
    in_frame = [decay_in_frame(half_life_s, duration) for duration in durations if duration is not None]
    _refuse_one_time_for_all_beds(slices, scan, max(duration for duration in durations if duration is not None))
    passed = _uptakes(slices, scan.begins, scan, half_life_s)
    return DecayFactors(
        np.array(
            [
                factor / remaining(half_life_s, time.total_seconds())
                for factor, time in zip(in_frame, passed, strict=True)
            ]
        ),
        "NONE",
        f"no correction: each slice counts for its own {tag_name('AcquisitionTime')}",
        half_life_s,
        min(passed).total_seconds() / 60.0,
        (*notes, *uptake_notes(min(passed), half_life_s)),
    )


def _uptakes(
    slices: Sequence[DicomFile], counted_to: Sequence[datetime], scan: Acquisitions, half_life_s: float
) -> tuple[timedelta, ...]:
    administered = administration_time(slices[0], scan.earliest or min(counted_to), dated=scan.dated)
    return tuple(uptake(file, administered, time, half_life_s) for file, time in zip(slices, counted_to, strict=True))


def _refuse_one_time_for_all_beds(slices: Sequence[DicomFile], scan: Acquisitions, longest_s: float) -> None:
    """Refuse slices that share one acquisition time although they were acquired one after the other."""
    told = [frame_reference_s(file) for file in slices]
    frames = [frame for frame in told if frame is not None]
    if len(set(scan.begins)) == 1 and frames and max(frames) - min(frames) > longest_s / 2.0:
        raise InputError(
            f"{slices[0].path.parent}: {tag_name('AcquisitionTime')} is the same for all slices, but "
            f"{tag_name('FrameReferenceTime')} says that they were acquired one after the other, and the series was "
            f"not corrected for decay ({tag_name('DecayCorrection')} is NONE).",
            remedy="Give a series that was corrected for decay. " + BY_HAND_FACTOR,
        )
