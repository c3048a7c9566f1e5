"""The activity administered, and its unit where a header leaves that in doubt."""

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import has_value, number, tag_name
from prognosis.imaging.pet.given import DOSE_BQ, SuvGiven
from prognosis.imaging.pet.headers import tracer_of

# Below 50 a number may as well be millicuries; between the two ranges it may be kilobecquerels or microcuries.
_PLAINLY_MBQ = (50.0, 5000.0)
_BY_HAND = "Give the activity administered by hand (--dose-bq, in Bq)."


def administered_dose(file: DicomFile, given: SuvGiven) -> tuple[float, tuple[str, ...]]:
    """Return the activity administered in Bq; megabecquerels are told by their size (Vácha et al., figure 2).

    Returns:
        The activity, and what the user should know.

    Raises:
        InputError: It is missing, or so large or small that its unit cannot be told.
    """
    if given.dose_bq is not None:
        return given.dose_bq, ()
    tracer, name = tracer_of(file), tag_name("RadionuclideTotalDose")
    if not has_value(tracer, "RadionuclideTotalDose"):
        raise InputError(f"{file.path}: {name} is missing.", remedy=_BY_HAND)
    dose = number(tracer, "RadionuclideTotalDose", file.path)
    if DOSE_BQ[0] <= dose <= DOSE_BQ[1]:
        return dose, ()
    if _PLAINLY_MBQ[0] <= dose <= _PLAINLY_MBQ[1]:
        return dose * 1e6, (f"{name} is {dose:g}: taken for MBq, as so few Bq are never injected.",)
    raise InputError(
        f"{file.path}: {name} is {dose:g}, which is no dose in Bq and not plainly one in MBq.", remedy=_BY_HAND
    )
