"""What a NRRD or MetaImage header must tell; ITK would put 1 mm, the origin or LPS axes in its place without a word."""

import math
import re
from pathlib import Path

from prognosis.errors import InputError
from prognosis.imaging.scalar.detached_headers import read_text_header

_NRRD_SUFFIXES = (".nrrd", ".nhdr")
_SPACING_FIELDS = ("space directions", "spacings", "elementspacing", "elementsize")
_ORIGIN_FIELDS = ("space origin", "axis mins", "offset", "position", "origin")
_NUMBER_FIELDS = (*_ORIGIN_FIELDS, "transformmatrix", "orientation", "rotation", "elementspacing", "elementsize")
_PATIENT_SPACES = {
    "left-posterior-superior",
    "right-anterior-superior",
    "left-anterior-superior",
    "lps",
    "ras",
    "las",
}


def check_text_header(path: Path) -> None:
    """Refuse a NRRD or MetaImage header that does not tell voxel spacing and place in mm and in the patient.

    Raises:
        InputError: Spacing is missing, a number is none, or lengths or axes are others than those of the patient.
    """
    fields = read_text_header(path)
    told = [fields[name] for name in _SPACING_FIELDS if name in fields]
    if not told or _untold_axes(told[0], fields.get("dimension", "")):
        raise InputError(f"{path}: its header tells no voxel spacing.", remedy="Export it with spacing in millimetres.")
    units = set(re.findall(r'"([^"]*)"', fields.get("space units", fields.get("units", ""))))
    units = (units | {fields.get("distanceunits", "")}) - {"mm", "?", ""}
    if units:
        raise InputError(
            f"{path}: its header gives lengths in {', '.join(sorted(units))}.", remedy="Export it in millimetres."
        )
    space = fields.get("space", "lps")
    if space.lower() not in _PATIENT_SPACES:
        raise InputError(
            f"{path}: its axes are given in the space '{space}', not in the patient's.",
            remedy="Export it with the space left-posterior-superior.",
        )
    for name in _NUMBER_FIELDS:
        if name in fields and not _are_numbers(fields[name]):
            raise InputError(
                f"{path}: '{name}' in its header is '{fields[name]}', not numbers.", remedy="Export the image again."
            )


def place_notes(path: Path) -> tuple[str, ...]:
    """Tell what a NRRD or MetaImage header leaves out of where the image lies in the patient."""
    fields = read_text_header(path)
    assumed = {}
    if path.suffix.lower() in _NRRD_SUFFIXES and "space" not in fields:
        assumed["no space"] = "LPS axes"
    if not any(name in fields for name in _ORIGIN_FIELDS):
        assumed["no origin"] = "position 0"
    if not assumed:
        return ()
    return (
        f"The file does not tell where it lies in the patient ({', '.join(assumed)}): "
        f"{' and '.join(assumed.values())} assumed.",
    )


def _untold_axes(spacing: str, dimension: str) -> bool:
    """Whether fewer than three axes (two of a flat image) have a spacing."""
    axes = re.findall(r"\([^)]*\)|[^\s()]+", spacing.lower())
    untold = sum("none" in axis or "nan" in axis for axis in axes)
    return dimension.isdigit() and int(dimension) - untold < min(int(dimension), 3)


def _are_numbers(value: str) -> bool:
    try:
        numbers = [float(number) for number in value.strip("()").split("," if value.startswith("(") else None)]
    except ValueError:
        return False
    return all(math.isfinite(number) for number in numbers)
