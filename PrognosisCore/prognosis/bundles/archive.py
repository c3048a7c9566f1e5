"""Unpacking a bundle that came as a .zip file."""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
_CHUNK_BYTES = 1 << 20
# What zipfile raises on damaged archives, among them bad offsets, names that are no text, and unknown versions.
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, UnicodeError)


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
    with _opened(zip_path) as archive:
        with _damage_in_words(zip_path):
            members = _members(archive, zip_path)
            folder = into / _bundle_name(archive, members, zip_path)
        require_free_space(into, sum(member.file_size for member in members.values()))
        with result_folder(folder, known_by=MANIFEST_NAME, overwrite=overwrite) as partial:
            for name, member in members.items():
                _write(_content(archive, member, zip_path), partial / name)
            bundle = open_bundle(partial)
    return replace(bundle, folder=folder)


@contextmanager
def _damage_in_words(zip_path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise _refused(zip_path, f"is damaged or no .zip file ({error})") from error


def _opened(zip_path: Path) -> zipfile.ZipFile:
    with _damage_in_words(zip_path):
        return zipfile.ZipFile(zip_path)


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


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, zip_path: Path) -> Iterator[bytes]:
    with _damage_in_words(zip_path), archive.open(member) as source:
        while chunk := source.read(_CHUNK_BYTES):
            yield chunk


def _write(content: Iterator[bytes], path: Path) -> None:
    """Write a new file to the disk; a full disk is told as such, not as damage of the archive."""
    with path.open("xb") as target:
        target.writelines(content)
        target.flush()
        os.fsync(target.fileno())


def _refused(zip_path: Path, why: str) -> ModelError:
    return ModelError(f"{zip_path} {why}.", remedy="Get the model again from its source.")
