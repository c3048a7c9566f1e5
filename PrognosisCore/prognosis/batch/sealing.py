"""The journal: a case's folder holds `case.json`, so that the rename that shows the folder also says it is done."""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from prognosis.batch.case import Facts
from prognosis.files import write_json

SEAL = "case.json"
_HASH = re.compile(r"[0-9a-f]{64}")
_HASHES = ("key", "stamp", "bulk", "settings")


@dataclass(frozen=True)
class Seal:
    """What a whole case folder says of itself.

    Args:
        key: Hash of the inputs' content, options, model and version; see `key_of`.
        stamp: Stands for the key as long as no input file is touched; see `stamp_of`.
        bulk: Hash of how large the inputs are; where it differs, the key does too. See `bulk_of`.
        settings: Hash of what is the same for all cases; see `hash_of_settings`.
        facts: What the summary tells of the case.
        sizes: File -> bytes, of all result files.
    """

    key: str
    stamp: str
    bulk: str
    settings: str
    facts: Facts
    sizes: Mapping[str, int]


def sizes_in(folder: Path) -> dict[str, int]:
    """File -> bytes, of the files of a case that is about to be sealed."""
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir())}


def write_seal(folder: Path, seal: Seal) -> None:
    """Write the journal of a case whose other files are complete, and flush the folder to disk."""
    write_json(folder / SEAL, asdict(seal))
    flush_folder(folder)


def renew_stamp(folder: Path, stamp: str) -> None:
    """Note that files were found to hold what they held, so that they need not be read again.

    Args:
        folder: Of the case.
        stamp: Of the files now; '' where they can no longer be looked at.
    """
    seal = read_seal(folder)
    if seal is not None and stamp:
        write_seal(folder, replace(seal, stamp=stamp))


def read_seal(folder: Path) -> Seal | None:
    """Read the journal of a case; None where it is missing or damaged, or where a file is not as it was written."""
    seal = _parsed(folder)
    return seal if seal is not None and _is_as_written(folder, seal) else None


def holds_others_files(folder: Path) -> bool:
    """Whether a folder named like a case's holds what no journal in it accounts for, which may be somebody's work."""
    seal = _parsed(folder)
    ours = {SEAL, *(seal.sizes if seal is not None else ())}
    return any(path.name not in ours or path.is_dir() for path in folder.iterdir())


def _parsed(folder: Path) -> Seal | None:
    try:
        text = (folder / SEAL).read_text(encoding="utf-8")
        return _seal_of(json.loads(text, parse_constant=_refuse))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _seal_of(document: dict[str, Any]) -> Seal:
    """A journal's content.

    Raises:
        TypeError: Fields are missing.
        ValueError: One does not hold what was written, or text that is none in UTF-8.
    """
    seal = Seal(**document)
    json.dumps(document, ensure_ascii=False).encode("utf-8")
    hashes = (getattr(seal, name) for name in _HASHES)
    if not all(isinstance(text, str) and _HASH.fullmatch(text) for text in hashes):
        raise ValueError("no hashes")
    if not isinstance(seal.facts, dict) or not all(_is_plain(value) for value in seal.facts.values()):
        raise ValueError("no facts")
    if not isinstance(seal.sizes, dict) or not seal.sizes:
        raise ValueError("no sizes")
    if not all(_names_a_file(name) and type(size) is int and size >= 0 for name, size in seal.sizes.items()):
        raise ValueError("no sizes of files")
    return seal


def _is_plain(value: object) -> bool:
    """Whether a value is a fact."""
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _names_a_file(name: str) -> bool:
    return name not in ("", ".", "..") and not set(name) & {"/", "\\", "\0"}


def _is_as_written(folder: Path, seal: Seal) -> bool:
    try:
        return all((folder / name).stat().st_size == size for name, size in seal.sizes.items())
    except (OSError, ValueError):
        return False


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
