"""Half-lives of PET radionuclides, by the codes of DICOM PS3.16 CID 4020 (SRT, SCT or DCM)."""

from dataclasses import dataclass

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import has_value, items, number, tag_name, text
from prognosis.imaging.pet.headers import BY_HAND_FACTOR, tracer_of

_SAME_HALF_LIFE = 0.02


@dataclass(frozen=True)
class Radionuclide:
    """A radionuclide.

    Args:
        name: Such as 'F-18'.
        half_life_s: Half-life in seconds.
        codes: Code values that mean it.
    """

    name: str
    half_life_s: float
    codes: tuple[str, ...]


RADIONUCLIDES = (
    Radionuclide("C-11", 1221.8, ("C-105A1", "40565003")),
    Radionuclide("N-13", 597.9, ("C-107A1", "21576001")),
    Radionuclide("O-14", 70.6, ("C-1018C", "424875009")),
    Radionuclide("O-15", 122.2, ("C-B1038", "129504001")),
    Radionuclide("F-18", 6586.2, ("C-111A1", "77004003")),
    Radionuclide("Na-22", 8.21e7, ("C-155A1", "71633006")),
    Radionuclide("K-38", 458.2, ("C-135A4", "423764008")),
    Radionuclide("Sc-43", 14008.0, ("126605",)),
    Radionuclide("Sc-44", 14400.0, ("126600",)),
    Radionuclide("Ti-45", 11088.0, ("C-166A2", "75696008")),
    Radionuclide("Mn-51", 2772.0, ("126601",)),
    Radionuclide("Mn-52", 483062.0, ("C-149A1", "37225000")),
    Radionuclide("Mn-52m", 1266.0, ("126607",)),
    Radionuclide("Fe-52", 29790.0, ("C-130A1", "69089000")),
    Radionuclide("Cu-60", 1422.0, ("C-127A4", "425364008")),
    Radionuclide("Cu-61", 12020.0, ("C-127A1", "71425003")),
    Radionuclide("Cu-62", 580.4, ("C-127A5", "422934004")),
    Radionuclide("Cu-64", 45721.0, ("C-127A2", "3932008")),
    Radionuclide("Zn-62", 33095.0, ("C-141A1", "65054007")),
    Radionuclide("Ga-66", 34164.0, ("C-131A1", "79477007")),
    Radionuclide("Ga-68", 4062.6, ("C-131A3", "35337001")),
    Radionuclide("Ge-68", 2.3408e7, ("C-128A2", "53315004")),
    Radionuclide("As-70", 3156.0, ("126602",)),
    Radionuclide("As-72", 93600.0, ("C-115A2", "2705002")),
    Radionuclide("Se-73", 25740.0, ("C-116A2", "87437000")),
    Radionuclide("Br-75", 5802.0, ("C-113A1", "17910003")),
    Radionuclide("Br-76", 58320.0, ("C-113A2", "79523006")),
    Radionuclide("Br-77", 205340.0, ("C-113A3", "86521004")),
    Radionuclide("Rb-82", 75.45, ("C-159A2", "79197006")),
    Radionuclide("Y-86", 53064.0, ("C-162A3", "10738001")),
    Radionuclide("Y-90", 230400.0, ("C-162A7", "14691008")),
    Radionuclide("Zr-89", 282276.0, ("C-168A4", "63360001")),
    Radionuclide("Nb-90", 52560.0, ("126603",)),
    Radionuclide("Tc-94m", 3120.0, ("C-163AA", "424079002")),
    Radionuclide("I-124", 360806.0, ("C-114A5", "40937006")),
    Radionuclide("Tb-152", 63000.0, ("126606",)),
)


def half_life(file: DicomFile) -> tuple[float, tuple[str, ...]]:
    """Return the half-life in seconds: the header's own where it is that of a PET radionuclide, else by its code.

    Returns:
        The half-life, and what the user should know.

    Raises:
        InputError: Neither tells one, or the one told belongs to no PET radionuclide (such as 110 for minutes).
    """
    tracer, name = tracer_of(file), tag_name("RadionuclideHalfLife")
    coded = _coded(file)
    told = number(tracer, "RadionuclideHalfLife", file.path) if has_value(tracer, "RadionuclideHalfLife") else 0.0
    if told == 0:
        if coded is None:
            raise InputError(
                f"{file.path}: {name} is missing, and {tag_name('RadionuclideCodeSequence')} names no radionuclide "
                "known here.",
                remedy=BY_HAND_FACTOR,
            )
        return coded.half_life_s, (f"{name} is missing: that of {coded.name} is used.",)
    if coded is not None and _has_half_life(coded, told):
        return told, ()
    fitting = [nuclide for nuclide in RADIONUCLIDES if _has_half_life(nuclide, told)]
    if not fitting:
        raise InputError(
            f"{file.path}: {name} is {told:g} s, which no PET radionuclide has"
            + (f" ({coded.name}: {coded.half_life_s:g} s)." if coded else " (F-18: 6586 s)."),
            remedy=BY_HAND_FACTOR,
        )
    if coded is None:
        return told, ()
    return told, (
        f"{name} is that of {fitting[0].name}, but {tag_name('RadionuclideCodeSequence')} names {coded.name}: "
        f"the half-life is followed. Check which was injected.",
    )


def _has_half_life(nuclide: Radionuclide, seconds: float) -> bool:
    return abs(seconds / nuclide.half_life_s - 1.0) <= _SAME_HALF_LIFE


def _coded(file: DicomFile) -> Radionuclide | None:
    for item in items(tracer_of(file), "RadionuclideCodeSequence", file.path):
        written = text(item, "CodeValue").upper()
        for nuclide in RADIONUCLIDES:
            if written in nuclide.codes:
                return nuclide
    return None
