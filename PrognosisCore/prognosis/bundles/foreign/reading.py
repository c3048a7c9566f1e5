"""A foreign checkpoint as data: what kind of file it is, and the tree of what it holds."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from prognosis.bundles.archive import SIZE_LIMIT_BYTES
from prognosis.bundles.foreign.limits import Budget, NotDataError
from prognosis.bundles.foreign.machine import read_pickle
from prognosis.bundles.foreign.names import known_names
from prognosis.bundles.foreign.torch_legacy import is_torch_legacy, read_torch_legacy, storage_loader
from prognosis.bundles.foreign.torch_zip import is_torch_zip, read_torch_zip
from prognosis.bundles.foreign.trees import require_a_tree
from prognosis.errors import ModelError


class FileKind(StrEnum):
    """How a foreign checkpoint lies on disk."""

    TORCH_ZIP = "torch zip"
    TORCH_LEGACY = "torch before 1.6"
    PICKLE = "pickle"


@dataclass(frozen=True)
class ForeignCheckpoint:
    """What a foreign file holds.

    Args:
        kind: How it lay on disk.
        tree: Dictionaries, lists, tuples, sets, texts, numbers, and the records of `foreign.records`.
        sha256: Hash of the bytes that were read.
        size_bytes: How many they were.
    """

    kind: FileKind
    tree: Any
    sha256: str
    size_bytes: int


def read_foreign(path: Path, *, size_limit: int = SIZE_LIMIT_BYTES) -> ForeignCheckpoint:
    """Read a .pt, .pth or .pkl of another program; nothing of it is imported, called or executed.

    Tensors, numpy arrays, containers, texts, numbers and NVIDIA's pickled networks (as names and attributes; the
    program text in them stays a text) are read; everything else is refused by name.

    Args:
        path: torch.save of any version, or a plain pickle.
        size_limit: Largest file in bytes.

    Raises:
        ModelError: The file asks for anything that is no data, is cut short, altered or too large.
    """
    raw = _read(path, size_limit)
    budget = Budget.of_file(len(raw))
    kind = _kind(raw)
    try:
        tree = _READERS[kind](raw, budget)
        require_a_tree(tree)
    except NotDataError as error:
        raise ModelError(
            f"{path} {error}. It may carry a program; nothing of it was run.",
            remedy="Use a file that holds weights alone, from a source you trust.",
        ) from error
    except (ValueError, OverflowError) as error:
        raise ModelError(
            f"{path} cannot be read as a checkpoint: {error}.", remedy="Get the file again from its source."
        ) from error
    return ForeignCheckpoint(kind, tree, hashlib.sha256(raw).hexdigest(), len(raw))


def _kind(raw: bytes) -> FileKind:
    if is_torch_zip(raw):
        return FileKind.TORCH_ZIP
    return FileKind.TORCH_LEGACY if is_torch_legacy(raw) else FileKind.PICKLE


def _read_raw_pickle(raw: bytes, budget: Budget) -> Any:
    names = known_names(budget, load_storage=storage_loader(budget))
    tree, end = read_pickle(raw, 0, names, budget)
    if end != len(raw):
        raise ValueError(f"{len(raw) - end} bytes follow after its end")
    return tree


_READERS: dict[FileKind, Callable[[bytes, Budget], Any]] = {
    FileKind.TORCH_ZIP: read_torch_zip,
    FileKind.TORCH_LEGACY: read_torch_legacy,
    FileKind.PICKLE: _read_raw_pickle,
}


def _read(path: Path, size_limit: int) -> bytes:
    try:
        if not path.is_file():
            raise ModelError(f"{path} is not a file.", remedy="Give the .pt, .pth or .pkl file.")
        with path.open("rb") as stream:
            raw = stream.read(min(size_limit, path.stat().st_size) + 1)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}).", remedy="Check its permissions.") from error
    if len(raw) > size_limit:
        raise ModelError(f"{path} is larger than {size_limit / 1e9:g} GB.", remedy="Give the file of one model.")
    return raw
