"""Writing that is whole or absent, hashes, and text that is safe in tables."""

import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from prognosis.errors import UsageError

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file aside, flush it to disk, and rename it into place."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(aside).chmod(0o666 & ~_umask())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text as `write_bytes` does."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON that other readers accept: NaN and infinity are refused."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a comma-separated table whose text cells no spreadsheet takes for a formula.

    Floats are written with nine significant digits; None becomes an empty cell.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_cell(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    write_text(path, text.getvalue())


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return str(value)


@contextmanager
def result_folder(path: Path, *, known_by: str, overwrite: bool = False) -> Iterator[Path]:
    """Yield a folder beside `path` that takes its name only when the block ends well.

    Args:
        path: The folder to be made. An existing one is refused unless `overwrite`.
        known_by: A file that every result of this kind holds: only an empty folder or one with it is replaced, so that
            a slip of the hand deletes nobody's data.

    Raises:
        UsageError: The folder exists and may not be replaced, or its parent cannot be written.
    """
    path = path.absolute()
    require_replaceable(path, known_by=known_by, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{path.name}.partial-"))
    except OSError as error:
        raise UsageError(
            f"{path.parent} cannot be written: {error.strerror}.", remedy="Choose another --output."
        ) from error
    partial.chmod(0o777 & ~_umask())
    try:
        yield partial
        _put_in_place(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def require_replaceable(path: Path, *, known_by: str, overwrite: bool) -> None:
    """Refuse a result folder that exists and may not be replaced; see `result_folder`."""
    if not path.exists():
        return
    if not path.is_dir():
        raise UsageError(f"{path} is a file, not a folder.", remedy="Choose another --output.")
    if not overwrite:
        raise UsageError(f"{path} already exists.", remedy="Choose another --output, or add --overwrite to replace it.")
    if Path.cwd().is_relative_to(path):
        raise UsageError(f"{path} is the current folder or holds it.", remedy="Choose another --output.")
    if any(path.iterdir()) and not (path / known_by).is_file():
        raise UsageError(
            f"{path} is not replaced: it holds no {known_by}, so it is no former result.",
            remedy="Choose another --output.",
        )


def _put_in_place(partial: Path, path: Path) -> None:
    if not path.exists():
        partial.rename(path)
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{path.name}.partial-old-"))
    path.rename(old / "old")
    partial.rename(path)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def only_one_run(folder: Path) -> Iterator[None]:
    """Hold a folder for this process, making it when missing; the lock ends with the process, however that ends.

    Raises:
        UsageError: Another run holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise UsageError(
            f"Another run is working in {folder}.", remedy="Wait for it, or choose another --output."
        ) from error
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.", remedy="Choose another --output.") from error
    try:
        yield
    finally:
        lock.release()


def require_free_space(folder: Path, needed_bytes: int) -> None:
    """Refuse before computing when the disk cannot hold the result.

    Raises:
        UsageError: Fewer than `needed_bytes` are free where `folder` lies or will lie.
    """
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise UsageError(
            f"{existing} has {free / 1e6:.0f} MB free; the result needs {needed_bytes / 1e6:.0f} MB.",
            remedy="Free some space or choose another --output.",
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
