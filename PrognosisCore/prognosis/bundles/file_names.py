"""Which files a bundle may hold: plain names of kinds that carry data, never code."""

import re
from pathlib import PurePosixPath

MANIFEST_NAME = "model.json"
CARD_NAME = "MODEL_CARD.md"
WEIGHTS_KIND = ".safetensors"

_KINDS = (WEIGHTS_KIND, ".json", ".md", ".txt")
_PICKLE_KINDS = (".pth", ".pt", ".pkl", ".pickle", ".bin", ".ckpt", ".npy", ".npz", ".joblib", ".dill")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def check_file_name(name: str) -> None:
    """Refuse what is no plain name of an allowed kind.

    Raises:
        ValueError: The name holds a path, odd characters, or a kind that may carry code.
    """
    if not _PLAIN_NAME.fullmatch(name):
        raise ValueError(f"names the file {name!r}: only plain names inside the folder are allowed")
    if can_carry_code(name):
        raise ValueError(f"names the file {name!r}, a kind that can carry code and is never opened")
    if PurePosixPath(name).suffix.lower() not in _KINDS:
        raise ValueError(f"names the file {name!r}: only {', '.join(_KINDS)} are allowed")


def can_carry_code(name: str) -> bool:
    """Whether a file of this name is of a kind that Python may unpickle."""
    return PurePosixPath(name).suffix.lower() in _PICKLE_KINDS
