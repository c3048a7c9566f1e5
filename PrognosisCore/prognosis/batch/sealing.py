"""The journal: a case's folder holds `case.json`, so that the rename that shows the folder also says it is done."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from prognosis.batch.case import Facts
from prognosis.files import write_json

SEAL = "case.json"


@dataclass(frozen=True)
class Seal:
    """What a whole case folder says of itself.

    Args:
        key: Hash of the inputs' content, options, model and version; see `key_of`.
        stamp: Stands for the key as long as no input file is touched; see `stamp_of`.
        settings: Hash of what is the same for all cases; see `hash_of_settings`.
        facts: What the summary tells of the case.
        sizes: File -> bytes, of all result files.
    """

    key: str
    stamp: str
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
    """Note that files were found to hold what they held, so that they need not be read again."""
    seal = read_seal(folder)
    if seal is not None:
        write_seal(folder, replace(seal, stamp=stamp))


def read_seal(folder: Path) -> Seal | None:
    """Read the journal of a case; None where it is missing or damaged, or where a file is not as it was written."""
    try:
        document = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        found = Seal(**document)
        whole = isinstance(found.facts, dict) and all(
            (folder / name).stat().st_size == size for name, size in found.sizes.items()
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return found if whole else None


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
