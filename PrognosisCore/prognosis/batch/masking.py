"""Words about a case without the names its paths hold: folders and files are often called after the patient."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from prognosis.batch.case import Case, Fact, Facts
from prognosis.batch.inputs import files_of

_LEAST_LETTERS = 4
_NEAREST_FOLDERS = 3
_ORDINARY = (
    "case", "cases", "data", "dicom", "export", "exported", "file", "files", "folder", "header", "image", "images",
    "lesion", "lesions", "mask", "masks", "organ", "organs", "orientation", "patient", "patients", "scan", "segment",
    "segmentation", "segments", "series", "slice", "slices", "study", "table", "tumor", "volume",
)  # fmt: skip
_LETTER = r"[^\W\d_]"
_ANY_PATH = re.compile(r"(?<![\w.<])(?:[A-Za-z]:)?[\\/][^\s'\":;,]+[\\/][^\s'\":;,]*")


class Mask:
    """Replaces whatever may name the patient of a case: an input's path, its parts, the names of files, private texts.

    Args:
        case: Whose words are masked.
        folder: Where the case is computed.
    """

    def __init__(self, case: Case, folder: Path) -> None:
        words: dict[str, str] = {}
        for words_of in (_own_names, _other_names):
            for role, path in case.inputs.items():
                for text, stands_for in words_of(path, role):
                    words.setdefault(text, stands_for)
        words |= dict.fromkeys((str(folder), str(folder.parent)), "the output folder")
        words |= {text: "the patient" for text in case.private if _may_name(text) and text not in words}
        longest_first = sorted(words, key=len, reverse=True)
        self._words = {word.casefold(): stands_for for word, stands_for in reversed(words.items())}
        self._pattern = re.compile("|".join(_alone(word) for word in longest_first), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text with roles in place of names."""
        return _ANY_PATH.sub("a file", self._pattern.sub(self._stands_for, text))

    def _stands_for(self, found: re.Match[str]) -> str:
        return self._words.get(found[0].casefold(), "a name")

    def facts(self, facts: Facts) -> dict[str, Fact]:
        """The facts with their texts masked."""
        return {name: self(value) if isinstance(value, str) else value for name, value in facts.items()}


def _alone(word: str) -> str:
    """A pattern of a word that is no part of a longer one: 'Hans' is in 'Hans_seg2', and not in 'Hansa'."""
    before, after = (
        _LETTER if edge.isalpha() else r"\d" if edge.isdecimal() else r"\w" for edge in (word[0], word[-1])
    )
    return rf"(?<!{before}){re.escape(word)}(?!{after})"


def _own_names(path: Path, role: str) -> Iterator[tuple[str, str]]:
    """How a message may name an input, and what is said instead."""
    yield from ((text, role) for text in _spellings(path))
    if path.suffix or _may_name(path.name):
        yield path.name, role


def _other_names(path: Path, role: str) -> Iterator[tuple[str, str]]:
    """How a message may name what lies around an input or in it."""
    yield from ((text, f"the folder of {role}") for text in _spellings(path.parent) if len(text) > 1)
    if path.is_dir():
        yield from _words_below(path, role)
    else:
        yield from ((file.name, f"a data file of {role}") for file in _listed(path) if file != path)
    for part in (*path.parts[-_NEAREST_FOLDERS:], path.stem):
        if _may_name(part):
            yield part, role


def _words_below(folder: Path, role: str) -> Iterator[tuple[str, str]]:
    for number, file in enumerate(_listed(folder), start=1):
        for text in (*_spellings(file), str(file.relative_to(folder)), file.name):
            if _may_name(text):
                yield text, f"file {number} of {role}"
        for part in file.relative_to(folder).parent.parts:
            if _may_name(part):
                yield part, f"a folder of {role}"


def _listed(path: Path) -> tuple[Path, ...]:
    try:
        return files_of(path)
    except OSError:
        return ()


def _spellings(path: Path) -> set[str]:
    return {str(path), str(path.absolute()), os.path.realpath(path)}


def _may_name(text: str) -> bool:
    """Whether a text can tell who somebody is: not too short, no small number, no word of our messages."""
    small_number = text.isdecimal() and len(text) <= _LEAST_LETTERS
    return len(text) >= _LEAST_LETTERS and not small_number and text.lower() not in _ORDINARY
