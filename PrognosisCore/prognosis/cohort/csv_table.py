"""A comma-separated file as columns of text, within limits, and with a clear word for what is none."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prognosis.cohort.faults import Faults
from prognosis.errors import InputError

_MOST_BYTES = 200_000_000
_MOST_ROWS = 1_000_000
_MOST_COLUMNS = 10_000
_STARTS = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
}
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
_SAVE_AS = "Save it as 'CSV UTF-8 (comma delimited)'."
_FORMULA_STARTS = ("=", "+", "-", "@")


@dataclass(frozen=True)
class CsvTable:
    """A table as text.

    Args:
        path: Where it was read from.
        rows: (n,) line of the file each row ends on, the header being line 1.
        columns: Heading -> (n,) cells without the spaces around them.
    """

    path: Path
    rows: Sequence[int]
    columns: Mapping[str, Sequence[str]]

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def column(self, name: str) -> Sequence[str]:
        """The cells of a column, all empty where the table has none of that name."""
        return self.columns.get(name) or [""] * len(self.rows)

    def cell(self, name: str, at: int) -> str:
        """One cell of a column, empty where the table has none of that name."""
        return self.columns[name][at] if name in self.columns else ""


def read_csv_table(path: Path, faults: Faults) -> CsvTable:
    """Read a CSV in UTF-8. Rows without any text are passed over, as are empty columns without a name.

    Args:
        path: The file.
        faults: Where rows of another length than the header are listed.

    Raises:
        InputError: It is no such file, too large, or its columns cannot be told apart.
    """
    _check_kind(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(_without_nul(stream, path), strict=True)
            header = _header(next(reader, []), path)
            numbers, cells = _rows(((reader.line_num, row) for row in reader), len(header), path, faults)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not in UTF-8: see line {_first_undecodable(path)}.", remedy=_SAVE_AS) from error
    except csv.Error as error:
        raise InputError(
            f"{path} is no comma-separated table: at line {reader.line_num}, {error}.",
            remedy="Look for a quotation mark that is not closed.",
        ) from error
    if not numbers:
        faults.table("it has no rows")
    columns = list(zip(*cells, strict=True)) or [()] * len(header)
    for position, (name, column) in enumerate(zip(header, columns, strict=True), start=1):
        if not name and any(column):
            faults.table(f"column {position} has no name")
    return CsvTable(path, numbers, {name: column for name, column in zip(header, columns, strict=True) if name})


def require_columns(table: CsvTable, wanted: Iterable[str]) -> None:
    """Refuse a table without the columns wanted.

    Raises:
        InputError: Some are missing; those there are get listed.
    """
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise InputError(
            f"{table.path} has no column {', '.join(missing)}.",
            remedy=f"It has: {', '.join(table.header[:50])}. Rename or add columns.",
        )


def _check_kind(path: Path) -> None:
    if not path.is_file():
        problem = "is no file" if path.exists() else "does not exist"
        raise InputError(f"{path} {problem}.", remedy="Give the path of a CSV table.")
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(
            f"{path} has {path.stat().st_size / 1e6:.0f} MB; a table of patients has at most "
            f"{_MOST_BYTES / 1e6:.0f} MB.",
            remedy="Leave out columns that are not needed.",
        )
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    for mark, kind in _STARTS.items():
        if start.startswith(mark):
            raise InputError(f"{path} is {kind}, no comma-separated table in UTF-8.", remedy=_SAVE_AS)


def _without_nul(lines: Iterable[str], path: Path) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise InputError(f"{path} holds NUL bytes in line {number}: it is damaged or no text.", remedy=_SAVE_AS)
        yield line


def _first_undecodable(path: Path) -> int:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return number


def _header(cells: Sequence[str], path: Path) -> list[str]:
    header = [_text(cell) for cell in cells]
    if not any(header):
        raise InputError(f"{path} has no header line.", remedy="Put the names of the columns into the first line.")
    for separator, word in _SEPARATORS.items():
        if sum(cell.count(separator) for cell in header) >= len(header):
            raise InputError(f"{path} is separated by {word}, not commas.", remedy=_SAVE_AS)
    if len(header) > _MOST_COLUMNS:
        raise InputError(
            f"{path} has {len(header):,} columns; at most {_MOST_COLUMNS:,} are read.", remedy="Leave some out."
        )
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice:
        raise InputError(f"{path} names a column twice: {', '.join(twice[:10])}.", remedy="Rename one of them.")
    return header


def _rows(
    lines: Iterable[tuple[int, Sequence[str]]], width: int, path: Path, faults: Faults
) -> tuple[list[int], list[list[str]]]:
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, cells in lines:
        row = [_text(cell) for cell in cells]
        if not any(row):
            continue
        if len(row) != width:
            more = "more" if len(row) > width else "fewer"
            faults.rows(f"row {number} has {more} cells than the header ({len(row)}, not {width})", number)
            row = (row + [""] * width)[:width]
        numbers.append(number)
        rows.append(row)
        if len(rows) > _MOST_ROWS:
            raise InputError(f"{path} has more than {_MOST_ROWS:,} rows.", remedy="Split the table.")
    return numbers, rows


def _text(cell: str) -> str:
    """A cell without the quote that keeps a spreadsheet from taking text for a formula."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell
