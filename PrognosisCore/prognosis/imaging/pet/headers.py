"""What the headers of a PET series say, and what keeps it from being SUV at all."""

from collections.abc import Sequence

from pydicom import Dataset

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import has_value, items, number, tag_name, text

BY_HAND_FACTOR = "Give the factor to SUV by hand (--suv-factor) when it is known."
_RECONSTRUCTED_FROM_ANGLES = ("MIP", "REPROJECTION", "PROJECTION IMAGE")
_ONE_OF_SEVERAL = ("DYNAMIC", "GATED")
_ENHANCED_CLASSES = ("1.2.840.10008.5.1.4.1.1.130", "1.2.840.10008.5.1.4.1.1.128.1")
_SAME_FOR_ALL = ("Units", "SUVType", "DecayCorrection", "PatientWeight", "PatientSize", "PatientSex")
_SAME_FOR_ALL_OF_TRACER = (
    "RadionuclideTotalDose",
    "RadionuclideHalfLife",
    "RadiopharmaceuticalStartTime",
    "RadiopharmaceuticalStartDateTime",
)
_TRACER = "RadiopharmaceuticalInformationSequence"


def refuse_enhanced(file: DicomFile) -> None:
    """Refuse enhanced PET, which keeps dose, times and units in other places than a classic series.

    Raises:
        InputError: The file is enhanced or holds several frames.
    """
    if text(file.header, "SOPClassUID") in _ENHANCED_CLASSES or text(file.header, "NumberOfFrames") not in ("", "1"):
        raise InputError(
            f"{file.path} is an enhanced (multi-frame) PET object, whose SUV are not computed here.",
            remedy="Export the series as classic single-frame PET slices, or as SUV in a NRRD or NIfTI file.",
        )


def check_slices(slices: Sequence[DicomFile]) -> tuple[str, ...]:
    """Refuse slices that cannot be SUV whatever their units are: DICOM PS3.3 C.8.9.1 and C.8.9.4.

    Returns:
        What the user should know, in words.

    Raises:
        InputError: The slices are projections, not corrected for attenuation, have an intercept or no slope, or
            contradict one another.
    """
    for file in slices:
        _refuse_projection(file)
        _refuse_odd_scale(file)
    _refuse_differences(slices)
    notes = _attenuation_notes(slices)
    kinds = {text(file.header, "SeriesType").split("\\")[0] for file in slices}
    notes += [
        f"The series is {kind} ({tag_name('SeriesType')}): its values are those of one phase."
        for kind in _ONE_OF_SEVERAL
        if kind in kinds
    ]
    return tuple(notes)


def tracer_of(file: DicomFile) -> Dataset:
    """Return the one item that describes what was injected.

    Raises:
        InputError: There is none, or more than one.
    """
    found = items(file.header, _TRACER, file.path)
    if len(found) != 1:
        problem = "is missing or empty" if not found else f"describes {len(found)} injections"
        raise InputError(f"{file.path}: {tag_name(_TRACER)} {problem}.", remedy=BY_HAND_FACTOR)
    return found[0]


def code(file: DicomFile, keyword: str) -> str:
    """Return a tag of the header that holds a code word, in capitals."""
    return text(file.header, keyword).upper()


def _refuse_projection(file: DicomFile) -> None:
    told = {
        "ReprojectionMethod": has_value(file.header, "ReprojectionMethod"),
        "SeriesType": "REPROJECTION" in code(file, "SeriesType").split("\\"),
        "ImageType": any(word in _RECONSTRUCTED_FROM_ANGLES for word in code(file, "ImageType").split("\\")),
    }
    for keyword, projected in told.items():
        if projected:
            raise InputError(
                f"{file.path} is a projection (such as a MIP), as {tag_name(keyword)} says.",
                remedy="Give the series of the transverse slices.",
            )


def _refuse_odd_scale(file: DicomFile) -> None:
    remedy = "Export the series again from the archive, unaltered."
    slope = number(file.header, "RescaleSlope", file.path)
    if slope < 0:
        raise InputError(f"{file.path}: {tag_name('RescaleSlope')} is {slope:g}, below zero.", remedy=remedy)
    if has_value(file.header, "RescaleIntercept"):
        intercept = number(file.header, "RescaleIntercept", file.path)
        if intercept != 0:
            raise InputError(
                f"{file.path}: {tag_name('RescaleIntercept')} is {intercept:g}; in PET it must be 0.", remedy=remedy
            )


def _refuse_differences(slices: Sequence[DicomFile]) -> None:
    for keyword in _SAME_FOR_ALL:
        _refuse_different([text(file.header, keyword) for file in slices], keyword, slices)
    tracers = [found[0] if (found := items(file.header, _TRACER, file.path)) else Dataset() for file in slices]
    for keyword in _SAME_FOR_ALL_OF_TRACER:
        _refuse_different([text(tracer, keyword) for tracer in tracers], keyword, slices)


def _refuse_different(values: Sequence[str], keyword: str, slices: Sequence[DicomFile]) -> None:
    odd = next((n for n, value in enumerate(values) if value != values[0]), None)
    if odd is not None:
        raise InputError(
            f"The slices of the series contradict one another in {tag_name(keyword)}: {slices[0].path.name} says "
            f"'{values[0]}', {slices[odd].path.name} '{values[odd]}'.",
            remedy="Give the slices of one acquisition.",
        )


def _attenuation_notes(slices: Sequence[DicomFile]) -> list[str]:
    """Refuse images without attenuation correction; say where corrections are untold or contradict one another."""
    for file in slices:
        done = code(file, "CorrectedImage").split("\\")
        if done != [""] and "ATTN" not in done:
            raise InputError(
                f"{file.path} was not corrected for attenuation: {tag_name('CorrectedImage')} says only "
                f"{', '.join(done)}.",
                remedy="Give the attenuation-corrected series of the study.",
            )
    first = slices[0]
    if not has_value(first.header, "CorrectedImage"):
        method = code(first, "AttenuationCorrectionMethod")
        if method.startswith("NONE"):
            raise InputError(
                f"{first.path} was not corrected for attenuation: {tag_name('AttenuationCorrectionMethod')} is NONE.",
                remedy="Give the attenuation-corrected series of the study.",
            )
        untold = f"{tag_name('CorrectedImage')} is missing: the image is taken to be corrected for attenuation."
        return [] if method else [untold]
    corrected = "DECY" in code(first, "CorrectedImage").split("\\")
    decay = code(first, "DecayCorrection")
    if decay and corrected != (decay != "NONE"):
        return [
            f"{tag_name('DecayCorrection')} says {decay}, {tag_name('CorrectedImage')} "
            f"{'names' if corrected else 'does not name'} a decay correction: the former is followed."
        ]
    return []
