"""Private tags that vendors need for SUV: Philips' factors and GE's time of the scan.

Sources: conformance statements of Philips (Ingenuity) and GE (Discovery), as quoted in Vácha et al., Comprehensive
Manual for SUV Computation.
"""

from pydicom import Dataset
from pydicom.tag import Tag

from prognosis.errors import InputError
from prognosis.imaging.dicom.files import DicomFile
from prognosis.imaging.dicom.values import UNREADABLE, text

_BLOCKS = range(0x10, 0x100)
_PHILIPS = (0x7053, "Philips PET Private Group", "PHILIPS")
_GE = (0x0009, "GEMS_PETD_01", "GE")
_FIRST_BLOCK = 0x10


def philips_suv_factor(file: DicomFile) -> float | None:
    """SUV Scale Factor (7053,1000): SUVbw per rescaled count; None when absent or 0."""
    return _factor(file, 0x00, "SUV Scale Factor (7053,1000)")


def philips_activity_factor(file: DicomFile) -> float | None:
    """Activity Concentration Scale Factor (7053,1009): Bq/ml per rescaled count; None when absent or 0."""
    return _factor(file, 0x09, "Activity Concentration Scale Factor (7053,1009)")


def ge_scan_datetime(file: DicomFile) -> str:
    """PET scan_datetime (0009,100D) as written; empty when absent."""
    return _private_text(file.header, *_GE, 0x0D)


def _factor(file: DicomFile, element: int, name: str) -> float | None:
    written = _private_text(file.header, *_PHILIPS, element)
    if not written:
        return None
    try:
        value = float(written)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise InputError(
            f"{file.path}: {name} holds '{written}', which is no factor.",
            remedy="Export the series again, or give the factor to SUV by hand (--suv-factor).",
        )
    return value or None


def _private_text(header: Dataset, group: int, creator: str, maker: str, element: int) -> str:
    """Find an element in the block its creator reserved, or in the first one where no block says whose it is."""
    owners = {block: _raw_text(header, Tag(group, block)) for block in _BLOCKS if Tag(group, block) in header}
    for block, owner in owners.items():
        if owner.lower() == creator.lower():
            return _raw_text(header, Tag(group, block << 8 | element))
    if _FIRST_BLOCK not in owners and text(header, "Manufacturer").upper().startswith(maker):
        return _raw_text(header, Tag(group, _FIRST_BLOCK << 8 | element))
    return ""


def _raw_text(header: Dataset, tag: int) -> str:
    """The value as text, also where an implicit transfer syntax leaves its kind unknown."""
    if tag not in header:
        return ""
    try:
        value = header[tag].value
    except UNREADABLE:
        return "unreadable bytes"
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return str("" if value is None else value).strip(" \0")
