"""From the rescaled values of a PET series, whatever their Units (0054,1001), to SUVbw, slice by slice.

Sources: Vácha et al., Comprehensive Manual for SUV Computation, 'Voxel values and their unit'; DICOM PS3.3 C.8.9.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError, UsageError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import tag_name
from prognosis.imaging.pet.activity import activity_scale
from prognosis.imaging.pet.body import body_surface_m2, body_weight, mass_normalised_by
from prognosis.imaging.pet.conversion import SuvConversion
from prognosis.imaging.pet.given import SuvGiven
from prognosis.imaging.pet.headers import BY_HAND_FACTOR, code
from prognosis.imaging.pet.private_tags import philips_activity_factor, philips_suv_factor

_OF_BODY_WEIGHT = ("", "BW")
_OF_MASS = ("LBM", "LBMJAMES128", "LBMJANMA", "IBW")
_OF_SURFACE = ("", "BSA")


@dataclass(frozen=True)
class SuvScale:
    """What the rescaled values of each slice are multiplied by to be SUVbw, and how that came about."""

    factors: NDArray[np.float64]
    how: SuvConversion


def suv_scale(slices: Sequence[DicomFile], given: SuvGiven) -> SuvScale:
    """Compute what the rescaled values of each slice are multiplied by to be SUVbw.

    Args:
        slices: The slices of one series, in order; they have passed `check_slices`.
        given: What takes the place of values in the header.

    Raises:
        InputError: The units cannot be converted, or a tag that is needed is missing or absurd.
        UsageError: A value given by hand has nothing to act on.
    """
    if given.suv_factor is not None:
        scale = _uniform(slices, given.suv_factor, SuvConversion("PET series, multiplied by the factor given by hand"))
    else:
        scale = _by_units(slices, given)
    low, high = float(scale.factors.min()), float(scale.factors.max())
    notes = (*scale.how.notes, f"Given by hand: {given.words}.") if given.words else scale.how.notes
    how = replace(
        scale.how,
        units=_units_with_type(slices[0]),
        lowest_factor=low,
        highest_factor=high,
        given=given,
        notes=notes,
    )
    return SuvScale(scale.factors, how)


def _by_units(slices: Sequence[DicomFile], given: SuvGiven) -> SuvScale:
    first = slices[0]
    units, suv_type = code(first, "Units"), code(first, "SUVType")
    match units:
        case "BQML":
            return _from_activity(slices, np.ones(len(slices)), "PET series in Bq/ml", given)
        case "CNTS":
            return _from_counts(slices, given)
        case "GML" if suv_type in _OF_BODY_WEIGHT:
            _refuse_unused(given, weight=True)
            return _uniform(slices, 1.0, SuvConversion("PET series that holds SUVbw"))
        case "GML" if suv_type in _OF_MASS:
            return _from_mass(slices, suv_type, given)
        case "CM2ML" if suv_type in _OF_SURFACE:
            return _from_surface(slices, given)
    raise InputError(_why_not(first, units, suv_type), remedy=BY_HAND_FACTOR)


def _from_activity(
    slices: Sequence[DicomFile], to_bq_ml: NDArray[np.float64], source: str, given: SuvGiven
) -> SuvScale:
    scale = activity_scale(slices, given)
    how = SuvConversion(
        source,
        decay_correction=scale.decay.correction,
        reference=scale.decay.reference,
        half_life_s=scale.decay.half_life_s,
        uptake_minutes=scale.decay.uptake_minutes,
        dose_bq=scale.dose_bq,
        notes=scale.notes,
    )
    return SuvScale(to_bq_ml * scale.factors, how)


def _from_counts(slices: Sequence[DicomFile], given: SuvGiven) -> SuvScale:
    """Use Philips' factor to SUV; its factor to Bq/ml where that is the only one, or weight or dose are given."""
    to_suv = [philips_suv_factor(file) for file in slices]
    to_bq_ml = [philips_activity_factor(file) for file in slices]
    by_hand = given.weight_kg is not None or given.dose_bq is not None
    if None not in to_bq_ml and (by_hand or None in to_suv):
        factors = np.array(to_bq_ml, np.float64)
        return _from_activity(slices, factors, "PET series in counts, by Philips' activity factor (7053,1009)", given)
    if None not in to_suv:
        _refuse_unused(given, weight=True)
        return SuvScale(
            np.array(to_suv, np.float64), SuvConversion("PET series in counts, by Philips' SUV factor (7053,1000)")
        )
    raise InputError(
        f"{slices[0].path}: {tag_name('Units')} is CNTS (counts), and neither Philips' SUV Scale Factor (7053,1000) "
        "nor its Activity Concentration Scale Factor (7053,1009) is there for every slice.",
        remedy=BY_HAND_FACTOR,
    )


def _from_mass(slices: Sequence[DicomFile], suv_type: str, given: SuvGiven) -> SuvScale:
    """SUVbw = SUV * W / mass, both in kg."""
    _refuse_unused(given, weight=False)
    weight_kg, weight_notes = body_weight(slices[0], given)
    mass_kg, notes = mass_normalised_by(suv_type, slices[0], weight_kg)
    how = SuvConversion(f"PET series that holds SUV of type {suv_type}", notes=(*weight_notes, *notes))
    return _uniform(slices, weight_kg / mass_kg, how)


def _from_surface(slices: Sequence[DicomFile], given: SuvGiven) -> SuvScale:
    """SUVbw = SUV * W / BSA, in g and cm2."""
    _refuse_unused(given, weight=False)
    weight_kg, weight_notes = body_weight(slices[0], given)
    surface_m2, notes = body_surface_m2(slices[0], weight_kg)
    how = SuvConversion("PET series that holds SUV by body surface", notes=(*weight_notes, *notes))
    return _uniform(slices, weight_kg * 1e3 / (surface_m2 * 1e4), how)


def _uniform(slices: Sequence[DicomFile], factor: float, how: SuvConversion) -> SuvScale:
    return SuvScale(np.full(len(slices), factor), how)


def _refuse_unused(given: SuvGiven, *, weight: bool) -> None:
    """Refuse a dose, or a weight too, given by hand for values that were normalised by them before."""
    if given.dose_bq is not None or (weight and given.weight_kg is not None):
        raise UsageError(
            f"The series holds SUV already: {given.words} given by hand would change nothing.",
            remedy="Leave out --weight-kg and --dose-bq, or give the factor to SUVbw (--suv-factor).",
        )


def _why_not(file: DicomFile, units: str, suv_type: str) -> str:
    if not units:
        return f"{file.path}: {tag_name('Units')} is missing."
    if units in ("GML", "CM2ML"):
        return (
            f"{file.path}: {tag_name('Units')} is {units} and {tag_name('SUVType')} is {suv_type}, which do not go "
            "together or are not known here."
        )
    return f"{file.path}: {tag_name('Units')} is {units}, which cannot be converted to SUV."


def _units_with_type(file: DicomFile) -> str:
    units, suv_type = code(file, "Units"), code(file, "SUVType")
    return f"{units} {suv_type}".strip() if units in ("GML", "CM2ML") else units
