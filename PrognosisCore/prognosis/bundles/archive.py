"""Unpacking a bundle that came as a .zip file."""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from prognosis.bundles.bundle import MANIFEST_LIMIT_BYTES, Bundle, open_bundle
from prognosis.bundles.file_names import MANIFEST_NAME, check_file_name
from prognosis.bundles.manifest import parse_manifest
from prognosis.errors import ModelError
from prognosis.files import require_free_space, result_folder

SIZE_LIMIT_BYTES = 4_000_000_000
_ENTRIES_LIMIT = 100
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)


def unpack_bundle(zip_path: Path, into: Path, *, overwrite: bool = False) -> Bundle:
    """Unpack a zipped model into a folder of models, where it appears only once it is verified.

    Args:
        zip_path: The model's files, at the top of the archive or in its only folder.
        into: The folder of models; the model's name becomes the folder in it.
        overwrite: Replace a model of that name.

    Returns:
        The bundle, opened from `into`.

    Raises:
        ModelError: The archive is damaged, too large, holds paths or links, or no valid model.
        UsageError: A model of that name exists or the folder cannot be written.
    """
    if not zip_path.is_file():
        raise _refused(zip_path, "is not a file")
    try:
        with zipfile.ZipFile(zip_path) as archive:
            members = _members(archive, zip_path)
            folder = into / _bundle_name(archive, members, zip_path)
            require_free_space(into, sum(member.file_size for member in members.values()))
            with result_folder(folder, overwrite=overwrite) as partial:
                for name, member in members.items():
                    _extract(archive, member, partial / name)
                bundle = open_bundle(partial)
    except _DAMAGED as error:
        raise _refused(zip_path, f"is damaged or no .zip file ({error})") from error
    return replace(bundle, folder=folder)


def _members(archive: zipfile.ZipFile, zip_path: Path) -> dict[str, zipfile.ZipInfo]:
    """The files to unpack by plain name, all checked before the first byte is unpacked."""
    entries = archive.infolist()
    if len(entries) > _ENTRIES_LIMIT or sum(entry.file_size for entry in entries) > SIZE_LIMIT_BYTES:
        raise _refused(
            zip_path,
            f"is too large for a model: over {_ENTRIES_LIMIT} files or {SIZE_LIMIT_BYTES // 10**9} GB unpacked",
        )
    for entry in entries:
        _require_safe(entry, zip_path)
    files = [entry for entry in entries if not entry.is_dir()]
    top = _top_folder(files)
    members: dict[str, zipfile.ZipInfo] = {}
    for entry in files:
        name = entry.filename.removeprefix(top)
        _require_allowed(name, zip_path)
        if name.lower() in (known.lower() for known in members):
            raise _refused(zip_path, f"holds '{name}' twice")
        members[name] = entry
    return members


def _require_safe(entry: zipfile.ZipInfo, zip_path: Path) -> None:
    parts = entry.filename.replace("\\", "/").split("/")
    if {".", ".."} & set(parts) or not parts[0] or ":" in entry.filename:
        raise _refused(
            zip_path, f"holds the path {entry.filename!r}, which is not a plain path inside the model's folder"
        )
    # The upper half of the attributes is the Unix file mode, zero where the archive was made elsewhere.
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(zip_path, f"holds {entry.filename!r}, a link or no plain file")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise _refused(zip_path, f"holds {entry.filename!r} encrypted or in an uncommon compression")


def _top_folder(files: Sequence[zipfile.ZipInfo]) -> str:
    """The one folder all files lie in, with its slash; empty when they lie at the top."""
    tops = {f"{PurePosixPath(entry.filename).parts[0]}/" for entry in files}
    top = tops.pop() if len(tops) == 1 else ""
    return top if all(entry.filename.startswith(top) for entry in files) else ""


def _require_allowed(name: str, zip_path: Path) -> None:
    try:
        check_file_name(name)
    except ValueError as error:
        raise _refused(zip_path, str(error)) from error


def _bundle_name(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], zip_path: Path) -> str:
    if MANIFEST_NAME not in members or members[MANIFEST_NAME].file_size > MANIFEST_LIMIT_BYTES:
        raise _refused(zip_path, f"holds no {MANIFEST_NAME}, or one too long for a manifest")
    return parse_manifest(archive.read(members[MANIFEST_NAME]), zip_path / MANIFEST_NAME).name


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    with archive.open(member) as source, path.open("xb") as target:
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())


def _refused(zip_path: Path, why: str) -> ModelError:
    return ModelError(f"{zip_path} {why}.", remedy="Get the model again from its source.")
