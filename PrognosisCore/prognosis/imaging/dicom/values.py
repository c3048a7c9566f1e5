"""Numbers in DICOM headers, read as they are written: nothing is guessed, nothing rounded."""

import math
import struct
import warnings
import zlib
from pathlib import Path

from pydicom import Dataset
from pydicom.datadict import dictionary_description, dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue

from prognosis.errors import InputError

# What pydicom raises on files that are cut off or overwritten.
UNREADABLE = (
    BytesLengthException,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

_EXPORT_AGAIN = "Export the series again from the archive, unaltered."
_TEXT_REPRESENTATIONS = ("CS", "DA", "DS", "DT", "IS", "LO", "SH", "TM", "UI")


def tag_name(keyword: str) -> str:
    """Return a tag in words and number, such as 'Pixel Spacing (0028,0030)'."""
    tag = tag_for_keyword(keyword) or 0
    return f"{dictionary_description(tag)} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def has_value(dataset: Dataset, keyword: str) -> bool:
    """Whether a tag is present and not empty."""
    return bool(_texts(dataset, keyword))


def numbers(dataset: Dataset, keyword: str, count: int, path: Path) -> tuple[float, ...]:
    """Return the `count` numbers of a tag.

    Raises:
        InputError: The tag is missing, holds another number of values, or text that is no number ('0,98').
    """
    texts = _texts(dataset, keyword)
    if not texts:
        raise InputError(f"{path}: {tag_name(keyword)} is missing.", remedy=_EXPORT_AGAIN)
    values = [_number(text, keyword, path) for text in texts]
    if len(values) != count:
        raise InputError(
            f"{path}: {tag_name(keyword)} must hold {count} numbers, got '{_as_written(texts)}'.", remedy=_EXPORT_AGAIN
        )
    return tuple(values)


def number(dataset: Dataset, keyword: str, path: Path) -> float:
    """Return the one number of a tag; errors as in `numbers`."""
    return numbers(dataset, keyword, 1, path)[0]


def positive_integer(dataset: Dataset, keyword: str, path: Path) -> int:
    """Return the one number of a tag that counts something.

    Raises:
        InputError: As in `numbers`, or the number is not a whole one above zero.
    """
    value = number(dataset, keyword, path)
    if value < 1 or value != int(value):
        raise InputError(f"{path}: {tag_name(keyword)} is {value:g}.", remedy=_EXPORT_AGAIN)
    return int(value)


def text(dataset: Dataset, keyword: str) -> str:
    """Return a tag's values as text, joined by backslashes as DICOM writes them; empty when absent."""
    return _as_written(_texts(dataset, keyword))


def items(dataset: Dataset, keyword: str, path: Path) -> list[Dataset]:
    """Return the items of a sequence, none when it is absent.

    Raises:
        InputError: The sequence is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(dataset.get(keyword) or [])
    except UNREADABLE as error:
        raise _damaged(path, keyword) from error


def nested_items(item: Dataset, path: Path) -> list[Dataset]:
    """Return the first item of every sequence of an item.

    Raises:
        InputError: A sequence is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [element.value[0] for element in item if element.VR == "SQ" and element.value]
    except UNREADABLE as error:
        raise _damaged(path, "PerFrameFunctionalGroupsSequence") from error


def _damaged(path: Path, keyword: str) -> InputError:
    return InputError(f"{path}: {tag_name(keyword)} is damaged.", remedy="Copy the file again from its source.")


def _number(written: str, keyword: str, path: Path) -> float:
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        why = " with a decimal comma" if "," in written else ""
        raise InputError(
            f"{path}: {tag_name(keyword)} holds '{written}'{why}, which is no number.",
            remedy="DICOM demands a decimal point. " + _EXPORT_AGAIN,
        )
    return value


def _texts(dataset: Dataset, keyword: str) -> list[str]:
    """The values before any conversion, for conversion may drop what is malformed."""
    tag = tag_for_keyword(keyword)
    if tag is None or tag not in dataset:
        return []
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement) and dictionary_VR(tag) in _TEXT_REPRESENTATIONS:
        texts = (element.value or b"").decode("latin-1").split("\\")
    else:
        texts = _converted(dataset, tag)
    texts = [item.strip(" \0") for item in texts]
    return texts if any(texts) else []


def _converted(dataset: Dataset, tag: int) -> list[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = dataset[tag].value
    except UNREADABLE:
        return ["unreadable bytes"]
    return [str(item) for item in (value if isinstance(value, MultiValue) else [value]) if item is not None]


def _as_written(texts: list[str]) -> str:
    return "\\".join(texts)
