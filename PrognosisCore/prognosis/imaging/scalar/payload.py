"""What ITK does not check of the voxels of a NRRD or MetaImage file: that all are there, and unharmed."""

import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from prognosis.errors import InputError
from prognosis.imaging.scalar.detached_headers import MOST_HEADER_BYTES, named_data_files, read_text_header

_NRRD_HEADER_END = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_META_HEADER_END = re.compile(rb"ElementDataFile\s*[:=][^\n]*\n")
_SKIPPING_FIELDS = ("byte skip", "byteskip", "line skip", "lineskip", "headersize")
_ZLIB_OR_GZIP = 47
_GZIP_START = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 22


def check_payload(path: Path, announced_bytes: int) -> None:
    """Refuse voxels that are cut short, damaged within their compressed stream, or more than the header announces.

    Args:
        path: A NRRD or MetaImage header, with its voxels or beside them.
        announced_bytes: Number of (uncompressed) bytes of all voxels.

    Raises:
        InputError: The voxels are not what the header says, or lie where that cannot be checked.
    """
    fields = read_text_header(path)
    names = named_data_files(path)
    skips = any(fields.get(field, "0") != "0" for field in _SKIPPING_FIELDS)
    numbered = any("%" in name for name in names)
    if _is_compressed(fields):
        if skips or numbered:
            raise InputError(
                f"{path}: its compressed voxels stand behind skipped bytes or in numbered files.",
                remedy="Save the image as one file.",
            )
        held = _inflated_bytes(path, fields, names, announced_bytes)
    elif names and not skips and not numbered and fields.get("encoding", "raw").lower() == "raw":
        held = sum((path.parent / name).stat().st_size for name in names)
    else:
        return
    if held < announced_bytes:
        raise _damaged(path)
    if held > announced_bytes:
        raise InputError(
            f"{path}: there are more voxels than the {announced_bytes:,} bytes its header announces.",
            remedy="Copy or export the image again, or check sizes, type and skipped bytes in its header.",
        )


def _is_compressed(fields: Mapping[str, str]) -> bool:
    by_nrrd = fields.get("encoding", "").lower() in ("gzip", "gz")
    return by_nrrd or fields.get("compresseddata", "").startswith(("T", "t", "1"))


def _inflated_bytes(path: Path, fields: Mapping[str, str], names: Sequence[str], most: int) -> int:
    """How many bytes the compressed data holds; counting ends beyond `most`."""
    if names:
        return sum(_stream_bytes(path, path.parent / name, 0, most) for name in names)
    start = _header_end(path)
    # ITK takes a stream of another length for sound and leaves the voxels to chance.
    if "compresseddata" in fields and fields.get("compresseddatasize") != str(path.stat().st_size - start):
        raise _damaged(path)
    return _stream_bytes(path, path, start, most)


def _header_end(path: Path) -> int:
    with path.open("rb") as stream:
        content = stream.read(MOST_HEADER_BYTES)
    pattern = _META_HEADER_END if path.suffix.lower() in (".mha", ".mhd") else _NRRD_HEADER_END
    match = pattern.search(content)
    if match is None:
        raise _damaged(path)
    return match.end()


def _stream_bytes(path: Path, data_file: Path, start: int, most: int) -> int:
    """Inflate a zlib or gzip stream to its end, where its checksum is compared."""
    held = 0
    with data_file.open("rb") as stream:
        stream.seek(start)
        rest = stream.read(_CHUNK_BYTES)
        while True:
            inflater = zlib.decompressobj(_ZLIB_OR_GZIP)
            while not inflater.eof:
                try:
                    chunk = inflater.decompress(rest, _CHUNK_BYTES)
                except zlib.error as error:
                    raise _damaged(path) from error
                if not (rest or chunk or inflater.eof):
                    raise _damaged(path)
                held += len(chunk)
                if held > most:
                    return held
                rest = inflater.unconsumed_tail or stream.read(_CHUNK_BYTES)
            rest = inflater.unused_data or rest
            if not rest.startswith(_GZIP_START):
                return held


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is truncated or damaged.", remedy="Copy or export the image again.")
