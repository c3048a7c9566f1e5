"""A model on disk, verified before anything of it is used."""

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.bundles.file_names import MANIFEST_NAME, can_carry_code
from prognosis.bundles.manifest import Manifest, parse_manifest
from prognosis.bundles.weights import tensors_from
from prognosis.errors import ModelError
from prognosis.files import sha256_of

if TYPE_CHECKING:
    import torch

MANIFEST_LIMIT_BYTES = 4_000_000
_GET_AGAIN = "Get the model again from its source."


@dataclass(frozen=True)
class Bundle:
    """A model folder that was found whole.

    Args:
        folder: Where it lies.
        manifest: What it says of itself.
        sha256: Hash of `model.json`, which holds the hashes of all other files.
    """

    folder: Path
    manifest: Manifest
    sha256: str

    def read(self, name: str) -> bytes:
        """Return the bytes of a file of the bundle, compared with its hash once more.

        Raises:
            ModelError: The bundle lists no such file, or it changed since the bundle was opened.
        """
        if name not in self.manifest.files:
            raise ModelError(f"{self.folder}: the model has no file '{name}'.", remedy=_GET_AGAIN)
        path = self.folder / name
        _require_plain_file(path)
        content = _read_bytes(path)
        if hashlib.sha256(content).hexdigest() != self.manifest.files[name]:
            raise _altered(path)
        return content

    def tensors(self, name: str) -> dict[str, "torch.Tensor"]:
        """Read a safetensors file of the bundle; half precision becomes 32 bits.

        Raises:
            ModelError: There is no such file, or it is no whole safetensors file.
        """
        return tensors_from(self.read(name), what=str(self.folder / name))


def open_bundle(path: Path) -> Bundle:
    """Verify a model folder: its manifest, the hash of every file, and that nothing else lies in it.

    Nothing is executed or unpickled. Hashes show damage, not whether the source can be trusted.

    Raises:
        ModelError: Anything is missing, altered, unlisted or not allowed; the message names it.
    """
    raw = _manifest_raw(path)
    manifest = parse_manifest(raw, path / MANIFEST_NAME)
    _refuse_unlisted(path, manifest)
    for name, sha256 in manifest.files.items():
        file = path / name
        _require_plain_file(file)
        if _sha256(file) != sha256:
            raise _altered(file)
    return Bundle(path, manifest, hashlib.sha256(raw).hexdigest())


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a model folder without verifying its files: to look for a model, not to use it.

    Raises:
        ModelError: There is no manifest, or it cannot be read.
    """
    return parse_manifest(_manifest_raw(path), path / MANIFEST_NAME)


def _manifest_raw(folder: Path) -> bytes:
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is not a model folder.",
            remedy=f"Give the folder that holds {MANIFEST_NAME}; a .zip file is unpacked by `prognosis models import`.",
        )
    file = folder / MANIFEST_NAME
    _require_plain_file(file)
    size = file.stat().st_size
    if size > MANIFEST_LIMIT_BYTES:
        raise ModelError(f"{file} is {size} bytes long, too long for a manifest.", remedy=_GET_AGAIN)
    return _read_bytes(file)


def _refuse_unlisted(folder: Path, manifest: Manifest) -> None:
    allowed = {MANIFEST_NAME, *manifest.files}
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise _no_access(folder, error) from error
    for name in names:
        if name in allowed:
            continue
        why = "it is of a kind that can carry code" if can_carry_code(name) else f"{MANIFEST_NAME} does not list it"
        raise ModelError(
            f"{folder / name} does not belong to the model: {why}.",
            remedy="Delete it if you know where it comes from, else get the model again from its source.",
        )


def _require_plain_file(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise ModelError(f"{path} is missing or cannot be read ({error.strerror}).", remedy=_GET_AGAIN) from error
    if not stat.S_ISREG(mode):
        raise ModelError(f"{path} is a link or no plain file.", remedy="Copy the model with its files, not with links.")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _no_access(path, error) from error


def _sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise _no_access(path, error) from error


def _no_access(path: Path, error: OSError) -> ModelError:
    return ModelError(f"{path} cannot be read ({error.strerror}).", remedy="Check its permissions.")


def _altered(path: Path) -> ModelError:
    return ModelError(
        f"{path} is not the file that {MANIFEST_NAME} describes: it is cut short or altered (its SHA-256 differs).",
        remedy=_GET_AGAIN,
    )
