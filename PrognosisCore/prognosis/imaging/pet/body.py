"""Weight and build of the body, and what other SUV than SUVbw are normalised by.

Formulae: Vácha et al., Comprehensive Manual for SUV Computation (after Sugawara et al. 1999), for the SUV Type
(0054,1006) of DICOM PS3.3 C.8.9.1. W is the weight in kg, H the height in cm.
"""

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import has_value, number, tag_name
from prognosis.imaging.pet.given import WEIGHT_KG, SuvGiven
from prognosis.imaging.pet.headers import code

_SURELY_GRAMS = 1000.0
_HEIGHT_CM = (30.0, 260.0)
_SURELY_CENTIMETRES = 3.0
_BY_HAND = "Give the body weight by hand (--weight-kg)."
_CORRECT_TAG = "Correct the tag, or give the factor to SUV by hand (--suv-factor)."


def body_weight(file: DicomFile, given: SuvGiven) -> tuple[float, tuple[str, ...]]:
    """Return the body weight in kg; a number above 1000 is one of grams.

    Returns:
        The weight, and what the user should know.

    Raises:
        InputError: It is missing, zero or absurd.
    """
    if given.weight_kg is not None:
        return given.weight_kg, ()
    name = tag_name("PatientWeight")
    if not has_value(file.header, "PatientWeight"):
        raise InputError(f"{file.path}: {name} is missing.", remedy=_BY_HAND)
    told = number(file.header, "PatientWeight", file.path)
    grams = told > _SURELY_GRAMS
    weight = told / 1000.0 if grams else told
    if not WEIGHT_KG[0] <= weight <= WEIGHT_KG[1]:
        raise InputError(f"{file.path}: {name} is {told:g} kg.", remedy=_BY_HAND)
    return weight, (f"{name} is above 1000: taken for grams.",) if grams else ()


def mass_normalised_by(suv_type: str, file: DicomFile, weight_kg: float) -> tuple[float, tuple[str, ...]]:
    """Return the lean or ideal mass in kg that a SUV of type LBM, LBMJAMES128, LBMJANMA or IBW is normalised by.

    Raises:
        InputError: Height or sex is missing or absurd, or the formula has no sensible value for this build.
    """
    height, notes = _height_cm(file)
    sex = code(file, "PatientSex")
    masses = [_mass(suv_type, weight_kg, height, male=male) for male in _counted_as_male(sex, file)]
    mass = sum(masses) / len(masses)
    if min(masses) <= 0:
        raise InputError(
            f"{file.path}: {tag_name('SUVType')} is {suv_type}, which gives a lean mass of {mass:.1f} kg for the "
            f"weight and the height told.",
            remedy=f"Check {tag_name('PatientWeight')} and {tag_name('PatientSize')}.",
        )
    if len(masses) > 1:
        neither = f"{tag_name('PatientSex')} is neither M nor F: the mean of the formulae for men and women is used."
        notes = (*notes, neither)
    return mass, notes


def body_surface_m2(file: DicomFile, weight_kg: float) -> tuple[float, tuple[str, ...]]:
    """Return the body surface area by Du Bois: 0.007184 H^0.725 W^0.425.

    Raises:
        InputError: The height is missing or absurd.
    """
    height, notes = _height_cm(file)
    return 0.007184 * height**0.725 * weight_kg**0.425, notes


def _mass(suv_type: str, weight: float, height: float, *, male: bool) -> float:
    match suv_type:
        case "LBM":
            return 1.10 * weight - 120.0 * (weight / height) ** 2 if male else _lean_female(weight, height)
        case "LBMJAMES128":
            return 1.10 * weight - 128.0 * (weight / height) ** 2 if male else _lean_female(weight, height)
        case "LBMJANMA":
            index = weight / (height / 100.0) ** 2
            return 9270.0 * weight / (6680.0 + 216.0 * index if male else 8780.0 + 244.0 * index)
        case _:
            return 48.0 + 1.06 * (height - 152.0) if male else 45.5 + 0.91 * (height - 152.0)


def _lean_female(weight: float, height: float) -> float:
    return 1.07 * weight - 148.0 * (weight / height) ** 2


def _counted_as_male(sex: str, file: DicomFile) -> tuple[bool, ...]:
    match sex:
        case "M":
            return (True,)
        case "F":
            return (False,)
        case "O":
            return (True, False)
    raise InputError(
        f"{file.path}: {tag_name('PatientSex')} is '{sex}', and {tag_name('SUVType')} needs M, F or O.",
        remedy=_CORRECT_TAG,
    )


def _height_cm(file: DicomFile) -> tuple[float, tuple[str, ...]]:
    name = tag_name("PatientSize")
    if not has_value(file.header, "PatientSize"):
        raise InputError(
            f"{file.path}: {name} is missing, and {tag_name('SUVType')} needs the height.", remedy=_CORRECT_TAG
        )
    told = number(file.header, "PatientSize", file.path)
    centimetres = told > _SURELY_CENTIMETRES
    height = told if centimetres else told * 100.0
    if not _HEIGHT_CM[0] <= height <= _HEIGHT_CM[1]:
        raise InputError(f"{file.path}: {name} is {told:g} m.", remedy=_CORRECT_TAG)
    return height, (f"{name} is above 3: taken for centimetres.",) if centimetres else ()
