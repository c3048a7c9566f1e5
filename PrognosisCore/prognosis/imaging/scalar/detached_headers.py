"""The text headers of NRRD and MetaImage files, and what they may name: only files in their own folder."""

import re
from pathlib import Path

from prognosis.errors import InputError

MOST_HEADER_BYTES = 1 << 20
_NRRD_FIELD = re.compile(r"\s*([^:=]+?)\s*:(?!=)\s*(.*)")
_META_FIELD = re.compile(r"\s*([^:=]+?)\s*[:=]\s*(.*)")
_META_DATA_FIELD = "ElementDataFile"


def read_text_header(path: Path) -> dict[str, str]:
    """Return the fields of a NRRD or MetaImage header, keys in lower case; empty for other kinds of file."""
    suffix = path.suffix.lower()
    if suffix in (".nrrd", ".nhdr"):
        return dict(_nrrd_fields(path))
    if suffix in (".mha", ".mhd"):
        return dict(_meta_fields(path))
    return {}


def check_detached_header(path: Path) -> None:
    """Refuse a NRRD or MetaImage header that names data anywhere but in the header's own folder.

    Raises:
        InputError: A named file lies elsewhere or is missing, or the header has no end.
    """
    for name in named_data_files(path):
        if not name or "/" in name or "\\" in name or ":" in name or name in (".", ".."):
            raise InputError(
                f"{path}: the header names the data file '{name}' outside its own folder.",
                remedy="Put header and data into one folder and name the data by its file name alone.",
            )
        if "%" not in name and not (path.parent / name).is_file():
            raise InputError(
                f"{path}: the header names the data file '{name}', which is missing.",
                remedy="Put it beside the header.",
            )


def named_data_files(path: Path) -> list[str]:
    """Return the names of the files that hold the voxels, a name with '%' for numbered ones; empty when attached."""
    suffix = path.suffix.lower()
    if suffix in (".nrrd", ".nhdr"):
        return _nrrd_data_files(path)
    if suffix in (".mha", ".mhd"):
        return _meta_data_files(path)
    return []


def _nrrd_data_files(path: Path) -> list[str]:
    names: list[str] = []
    for field, value in _nrrd_fields(path):
        if field.replace(" ", "") != "datafile":
            continue
        if value.upper().split()[:1] == ["LIST"]:
            lines = _header_lines(path, whole=True)
            start = next(n for n, line in enumerate(lines) if re.match(r"\s*data\s*file\s*:", line, re.IGNORECASE))
            names += [line.strip() for line in lines[start + 1 :] if line.strip()]
        else:
            names.append(_without_pattern_numbers(value))
    return names


def _meta_data_files(path: Path) -> list[str]:
    lines = _header_lines(path, whole=True)
    names: list[str] = []
    for number, line in enumerate(lines):
        match = _META_FIELD.fullmatch(line)
        if match is None or match[1].lower() != _META_DATA_FIELD.lower():
            continue
        value = match[2].strip()
        if value.upper().split()[:1] == ["LIST"]:
            names += [line.strip() for line in lines[number + 1 :] if line.strip()]
        elif value.upper() != "LOCAL":
            names.append(_without_pattern_numbers(value))
        if match[1] == _META_DATA_FIELD:
            break
    return names


def _without_pattern_numbers(value: str) -> str:
    """Reduce 'slice%03d.raw 1 10 1' to its file pattern; other values are file names as they stand."""
    match = re.fullmatch(r"(.*%.*?)((\s+[-+.\d]+)+)", value)
    return match[1] if match else value.strip()


def _nrrd_fields(path: Path) -> list[tuple[str, str]]:
    matches = (_NRRD_FIELD.fullmatch(line) for line in _header_lines(path))
    return [(match[1].lower(), match[2].strip()) for match in matches if match and not match[1].startswith("#")]


def _meta_fields(path: Path) -> list[tuple[str, str]]:
    fields = []
    for line in _header_lines(path, whole=True):
        match = _META_FIELD.fullmatch(line)
        if match:
            fields.append((match[1].lower(), match[2].strip()))
            if match[1] == _META_DATA_FIELD:
                break
    return fields


def _header_lines(path: Path, *, whole: bool = False) -> list[str]:
    """The lines up to the first empty one, or as far as a header may reach."""
    with path.open("rb") as stream:
        content = stream.read(MOST_HEADER_BYTES)
    lines = re.split(r"\r\n|\n|\r", content.decode("latin-1"))
    if whole:
        return lines
    if "" in lines:
        return lines[: lines.index("")]
    if len(content) == MOST_HEADER_BYTES:
        raise InputError(f"{path}: its header has no end.", remedy="The file is damaged; export the image again.")
    return lines
