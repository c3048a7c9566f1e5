"""torch.save since 1.6: an uncompressed zip of one pickle and a file for each storage."""

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from prognosis.bundles.foreign.limits import Budget, NotDataError, shown
from prognosis.bundles.foreign.machine import read_pickle
from prognosis.bundles.foreign.names import known_names
from prognosis.bundles.foreign.persistent_ids import Storages

_START = b"PK\x03\x04"
_END = b"PK\x05\x06"
_END_BYTES = 22
_ENTRIES_LIMIT = 200_000
_PICKLE = "data.pkl"
_PLAIN = re.compile(
    r"data\.pkl|version|byteorder|\.format_version|\.storage_alignment|\.data/serialization_id|data/[A-Za-z0-9_]{1,40}"
)
_PROGRAM = re.compile(r"[^/]*/(code/.*|constants\.pkl|constants/.*)", re.DOTALL)
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED, _UTF8 = 0x1, 0x800
# What zipfile raises on damaged archives, among them bad offsets, names that are no text, and unknown versions.
_DAMAGED = (zipfile.BadZipFile, struct.error, EOFError, OSError, RuntimeError, UnicodeError)


@dataclass(frozen=True)
class _Member:
    """A file of the archive: its path, where its bytes lie, and their checksum."""

    path: str
    header: int
    start: int
    end: int
    checksum: int


def is_torch_zip(raw: bytes) -> bool:
    """Whether a file begins as a zip does."""
    return raw.startswith(_START)


def read_torch_zip(raw: bytes, budget: Budget) -> Any:
    """Read a zip of torch.save.

    Raises:
        NotDataError: It asks for anything that is no data.
        ValueError: It is cut short, damaged, or laid out as torch.save never does.
    """
    contents = _contents(raw)
    if bytes(contents.get("byteorder", b"little")) != b"little":
        raise ValueError("its numbers are not little-endian")
    pickled = bytes(contents[_PICKLE])
    storages = Storages()
    tree, end = read_pickle(pickled, 0, known_names(budget), budget, storage_of=storages.of)
    if end != len(pickled):
        raise ValueError("bytes follow after the end of its pickle")
    for key, storage in storages.all().items():
        content = contents.get(f"data/{key}")
        if content is not None and len(content) != storage.size_bytes:
            raise ValueError(f"a storage of {storage.size_bytes} bytes is {len(content)} bytes long")
        storage.content = content
    storages.require_found()
    return tree


def _contents(raw: bytes) -> dict[str, memoryview]:
    """Path inside the archive's one folder -> content, all checked before anything of it is looked at."""
    if not raw[-_END_BYTES:].startswith(_END):
        raise ValueError("it is cut short, or bytes follow after its end")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
    except _DAMAGED as error:
        raise ValueError(f"it is cut short or damaged ({error})") from error
    if len(entries) > _ENTRIES_LIMIT:
        raise ValueError(f"it holds more than {_ENTRIES_LIMIT} files")
    for entry in entries:
        if _PROGRAM.fullmatch(entry.orig_filename):
            raise NotDataError(f"holds {shown(entry.orig_filename)}: it is a TorchScript program, not weights")
    members = [_member(entry, raw) for entry in entries]
    _require_apart(members)
    top = _top_folder(members)
    contents: dict[str, memoryview] = {}
    for member in members:
        path = member.path.removeprefix(top)
        if not member.path.startswith(top) or not _PLAIN.fullmatch(path):
            raise ValueError(f"it holds {shown(member.path)}, which torch.save never writes")
        if path in contents:
            raise ValueError(f"it holds {shown(path)} twice")
        contents[path] = memoryview(raw)[member.start : member.end]
        if zlib.crc32(contents[path]) != member.checksum:
            raise ValueError(f"{shown(path)} in it is altered (its checksum differs)")
    return contents


def _member(entry: zipfile.ZipInfo, raw: bytes) -> _Member:
    """Where a file's bytes lie, by its own header too, which must say the same."""
    path = entry.orig_filename
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise ValueError(f"it holds {shown(path)} compressed, which torch.save never does")
    if entry.flag_bits & _ENCRYPTED:
        raise ValueError(f"it holds {shown(path)} encrypted")
    header = entry.header_offset
    if not 0 <= header <= len(raw) - _LOCAL_HEADER.size:
        raise ValueError(f"{shown(path)} in it lies outside the file")
    signature, _, _, method, _, _, _, _, _, name_length, extra_length = _LOCAL_HEADER.unpack_from(raw, header)
    name_start = header + _LOCAL_HEADER.size
    start = name_start + name_length + extra_length
    end = start + entry.file_size
    name = path.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437")
    if signature != _START or method != zipfile.ZIP_STORED or raw[name_start : name_start + name_length] != name:
        raise ValueError(f"{shown(path)} in it is described in two ways")
    if end > len(raw):
        raise ValueError(f"{shown(path)} in it is cut short")
    return _Member(path, header, start, end, entry.CRC)


def _require_apart(members: list[_Member]) -> None:
    in_order = sorted(members, key=lambda member: member.header)
    for before, after in pairwise(in_order):
        if after.header < before.end:
            raise ValueError(f"{shown(before.path)} and {shown(after.path)} in it overlap")


def _top_folder(members: list[_Member]) -> str:
    """The folder of the only pickle, with its slash."""
    tops = {member.path.removesuffix(_PICKLE) for member in members if member.path.endswith(f"/{_PICKLE}")}
    if len(tops) != 1:
        raise ValueError(f"it holds no {_PICKLE}, or several: it is no file of torch.save")
    (top,) = tops
    if top.count("/") != 1 or top in ("./", "../", "/") or "\\" in top:
        raise ValueError(f"it holds the path {shown(top)}, which is not a plain folder")
    return top
