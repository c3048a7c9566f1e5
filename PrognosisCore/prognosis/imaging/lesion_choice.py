"""Which lesions of a segmentation are meant, and under which names they go."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from prognosis.errors import InputError

_MAX_NAME_LENGTH = 64
_MAX_LISTED = 30


@dataclass(frozen=True)
class LesionChoice:
    """A choice among the lesions of a file; without names and labels all are taken.

    Args:
        names: Names, or patterns such as 'Tumor*'; upper and lower case are alike.
        labels: Label values of a label map or `.seg.nrrd`, segment numbers of a SEG, ROI numbers of an RTSTRUCT.
        split_components: Whether separate islands of a lesion become lesions of their own.
        min_volume_mm3: Islands smaller than this are left out when splitting.
    """

    names: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    split_components: bool = False
    min_volume_mm3: float = 0.0

    def pick(self, numbers: Sequence[int], names: Sequence[str], source: Path) -> list[int]:
        """Return the positions of the chosen lesions, in the order of the file.

        Args:
            numbers: Label value, segment number or ROI number of each lesion of the file.
            names: The name of each.
            source: The file, for messages.

        Raises:
            InputError: A name, pattern or label fits nothing in the file.
        """
        if not self.names and not self.labels:
            return list(range(len(numbers)))
        chosen: set[int] = set()
        for pattern in self.names:
            fitting = {at for at, name in enumerate(names) if _fits(name, pattern)}
            if not fitting:
                raise InputError(
                    f"{source.name} holds no lesion named '{pattern}'; it holds {_listed(names)}.",
                    remedy="Choose among these with --lesion-names.",
                )
            chosen |= fitting
        for label in self.labels:
            fitting = {at for at, number in enumerate(numbers) if number == label}
            if not fitting:
                raise InputError(
                    f"{source.name} holds no lesion with label {label}; it holds {_listed(numbers)}.",
                    remedy="Choose among these with --lesion-labels.",
                )
            chosen |= fitting
        return sorted(chosen)


ALL_LESIONS = LesionChoice()


def tidy_name(name: str, number: int) -> str:
    """Return a name fit to be shown: no control characters, 64 characters at most, 'lesion 3' when nothing is left."""
    shown = "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in name)
    return " ".join(shown.split())[:_MAX_NAME_LENGTH].rstrip() or f"lesion {number}"


def _fits(name: str, pattern: str) -> bool:
    name, pattern = name.casefold(), pattern.strip().casefold()
    return name == pattern or fnmatchcase(name, pattern)


def _listed(items: Sequence[object]) -> str:
    if not items:
        return "none"
    shown = ", ".join(str(item) for item in items[:_MAX_LISTED])
    return shown if len(items) <= _MAX_LISTED else f"{shown} and {len(items) - _MAX_LISTED} more"
