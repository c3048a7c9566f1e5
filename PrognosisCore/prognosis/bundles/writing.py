"""Writing a bundle: whole, hashed and verified, or not at all."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.bundles.bundle import Bundle, open_bundle
from prognosis.bundles.card import model_card
from prognosis.bundles.file_names import CARD_NAME, MANIFEST_NAME, WEIGHTS_KIND
from prognosis.bundles.manifest import Manifest, manifest_bytes, parse_manifest
from prognosis.bundles.weights import tensor_bytes
from prognosis.errors import ModelError
from prognosis.files import require_free_space, result_folder, write_bytes

if TYPE_CHECKING:
    import torch


def write_bundle(
    folder: Path,
    manifest: Manifest,
    tensors: Mapping[str, Mapping[str, "torch.Tensor"]],
    texts: Mapping[str, str] | None = None,
    *,
    half: bool = False,
    overwrite: bool = False,
) -> Bundle:
    """Write a model folder with its card and hashes, and verify it.

    Args:
        folder: Where it shall lie; an existing one is refused unless `overwrite`.
        manifest: What the model says of itself; its `files` are filled in here.
        tensors: File name ending in .safetensors -> name -> tensor.
        texts: File name (.json, .md or .txt) -> content, of further files.
        half: Store floating numbers in 16 bits.

    Returns:
        The bundle, opened from `folder`.

    Raises:
        ModelError: The manifest or a tensor holds what no reader would accept; nothing is written.
        UsageError: The folder exists or cannot be written, or the disk is too full.
    """
    texts = texts or {}
    _check_names(folder, tensors, texts)
    contents = {name: tensor_bytes(named, half=half, what=str(folder / name)) for name, named in tensors.items()}
    contents |= {name: text.encode("utf-8") for name, text in texts.items()}
    contents[CARD_NAME] = model_card(manifest).encode("utf-8")
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())}
    raw = _manifest_bytes(replace(manifest, files={}), hashes, folder / MANIFEST_NAME)
    require_free_space(folder.parent, len(raw) + sum(map(len, contents.values())))
    with result_folder(folder, known_by=MANIFEST_NAME, overwrite=overwrite) as partial:
        for name, content in contents.items():
            write_bytes(partial / name, content)
        write_bytes(partial / MANIFEST_NAME, raw)
        bundle = open_bundle(partial)
    return replace(bundle, folder=folder)


def _check_names(folder: Path, tensors: Mapping[str, object], texts: Mapping[str, object]) -> None:
    for name in [*tensors, *texts]:
        if name.endswith(WEIGHTS_KIND) != (name in tensors) or name in (CARD_NAME, MANIFEST_NAME):
            raise ModelError(
                f"{folder / name}: a model cannot be written with this file.",
                remedy=f"Tensors go to {WEIGHTS_KIND} files, texts to others, under names of their own.",
            )


def _manifest_bytes(manifest: Manifest, hashes: Mapping[str, str], file: Path) -> bytes:
    """The bytes of a manifest that was read back once, so that a bad one is refused before anything is written."""
    try:
        raw = manifest_bytes(replace(manifest, files=hashes))
    except ValueError as error:
        raise ModelError(f"{file} {error}.", remedy="Give the file another name.") from error
    parse_manifest(raw, file)
    return raw
