"""What `prognosis portraits align` writes beside its cases: the faces by number, their table, the contact sheet."""

import csv
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.cohort_run import Ran
from prognosis.cli.console import Console
from prognosis.cli.score_request import lies_in
from prognosis.errors import InputError, UsageError
from prognosis.files import write_bytes, write_csv

if TYPE_CHECKING:
    from prognosis.batch.ledger import Entry
    from prognosis.portraits.faces.aligned_files import PhotoRecord
    from prognosis.report.aligned_faces import SheetEntry

TABLE = "faces.csv"
OVERVIEW = "overview.png"

ROWS = "Rows count photos from 1 in the order given, those of a folder by path; --photo-names lists them."

_FACES = "face-*.png"
_MOST_WARNED = 20

_FACE_FILE = re.compile(r"face-\d{6,}(-\d+)?\.png")
_NAMES_HEADER = ("row", "photo")
_TOLD = ("row", "face", "status", "file", "cause", "remedy", "faces_found", "doubtful_places")
_PLACED = ("box_left", "box_top", "box_width", "box_height", "score", "landmark_spread", "turned_deg")
_ENDED = ("flags", "notes", "landmarks")


@dataclass(frozen=True)
class Published:
    """What was written.

    Args:
        faces: How many aligned faces there are.
        flagged: Rows and what should be looked at.
        table: Name of the table.
        overview: Name of the contact sheet.
    """

    faces: int
    flagged: tuple[tuple[int, str], ...]
    table: str = TABLE
    overview: str = OVERVIEW


@dataclass(frozen=True)
class _Row:
    """A photo with its aligned faces, or none; files as they are called in the folder."""

    entry: "Entry"
    record: "PhotoRecord | None"

    @property
    def files(self) -> tuple[str, ...]:
        """The first is called by its row alone."""
        faces = () if self.record is None else self.record.faces
        name = f"face-{self.entry.case.number:06d}"
        return tuple(f"{name}.png" if not place else f"{name}-{place + 1}.png" for place in range(len(faces)))


def is_former(name: str) -> bool:
    """Whether a run writes a file of that name beside its cases."""
    return name in (TABLE, OVERVIEW) or _FACE_FILE.fullmatch(name) is not None


def aligned_photos(given: Sequence[Path], leave_out: Path) -> tuple[Path, ...]:
    """The aligned photos meant; of a folder that `prognosis portraits align` wrote, the faces without cases and sheet.

    Raises:
        UsageError: There is none.
    """
    from prognosis.portraits.faces.photo_list import list_photos

    meant = [file for path in given for file in (sorted(path.glob(_FACES)) if (path / TABLE).is_file() else [path])]
    return list_photos(meant, leave_out=leave_out)


def publish(ran: Ran) -> Published:
    """Show every aligned face under its row's number, and write `faces.csv` and `overview.png`.

    Raises:
        InputError: A case's files are damaged.
    """
    from prognosis.batch.ledger import State
    from prognosis.portraits.faces.aligned_files import read_aligned

    finished = (State.DONE, State.KEPT)
    rows = [
        _Row(entry, read_aligned(ran.output / entry.case.name) if entry.state in finished else None)
        for entry in ran.ledger.entries
    ]
    for row in rows:
        for face, name in zip(row.record.faces if row.record else (), row.files, strict=True):
            _show(ran.output / row.entry.case.name / face.file, ran.output / name)
    _write_table(ran.output / TABLE, rows)
    _write_overview(ran.output, rows)
    flagged = ((row.entry.case.number, _flags_of(row)) for row in rows)
    return Published(sum(len(row.files) for row in rows), tuple((number, flags) for number, flags in flagged if flags))


def warn_of_rows(flagged: Sequence[tuple[int, str]], table: Path, console: Console) -> None:
    """Tell which rows should be looked at: of many, the first."""
    for row, flags in flagged[:_MOST_WARNED]:
        console.warn(f"Row {row}: {flags}.")
    if len(flagged) > _MOST_WARNED:
        console.warn(f"{len(flagged) - _MOST_WARNED} more rows are flagged: see {table}.")


def write_photo_names(file: Path, photos: Sequence[Path], output: Path, *, overwrite: bool) -> None:
    """Write which row is which photo.

    Raises:
        UsageError: The file lies in the output, or is no former list and may not be replaced.
    """
    if lies_in(file, output):
        raise UsageError(
            f"{file} lies in the output folder, which is free of names.", remedy="Choose another place for it."
        )
    if file.exists() and not overwrite and not _is_list(file):
        raise UsageError(f"{file} exists and is no list of photos.", remedy="Choose another name, or add --overwrite.")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{file.absolute().parent} is no folder.", remedy="Choose another place for it.")
    write_csv(file, _NAMES_HEADER, [(number, str(photo)) for number, photo in enumerate(photos, start=1)])


def _is_list(file: Path) -> bool:
    with file.open(encoding="utf-8", errors="replace", newline="") as stream:
        return tuple(next(csv.reader(stream), ())) == _NAMES_HEADER


def _show(made: Path, name: Path) -> None:
    """The same file under a second name where the file system can, a copy elsewhere."""
    try:
        os.link(made, name)
    except OSError:
        shutil.copyfile(made, name)


def _write_table(file: Path, rows: Sequence[_Row]) -> None:
    from prognosis.portraits.faces.aligned_files import MEASURES

    write_csv(file, (*_TOLD, *_PLACED, *MEASURES, *_ENDED), [cells for row in rows for cells in _cells(row)])


def _cells(row: _Row) -> Iterator[list[object]]:
    from prognosis.portraits.faces.aligned_files import MEASURES

    entry, record = row.entry, row.record
    if record is None:
        status = [entry.case.number, None, entry.state.value, None, entry.cause, entry.remedy]
        yield [*status, *[None] * (2 + len(_PLACED) + len(MEASURES) + len(_ENDED))]
        return
    for face, name in zip(record.faces, row.files, strict=True):
        yield [
            *(entry.case.number, face.number, "aligned", name, None, None, record.found, record.doubtful),
            *(*face.box, face.score, face.spread, face.turned_deg),
            *(face.measures.get(measure) for measure in MEASURES),
            *("; ".join(face.flags), "; ".join(record.notes), f"{record.points} points"),
        ]


def _write_overview(folder: Path, rows: Sequence[_Row]) -> None:
    from prognosis.report.aligned_faces import MOST_SHOWN, draw_contact_sheet

    entries = [_sheet_entry(folder, row) for row in rows[:MOST_SHOWN]]
    write_bytes(folder / OVERVIEW, draw_contact_sheet(entries, photos=len(rows)))


def _sheet_entry(folder: Path, row: _Row) -> "SheetEntry":
    import numpy as np
    from PIL import Image

    from prognosis.portraits.faces.photo import read_photo
    from prognosis.report.aligned_faces import SheetEntry, thumbnail

    number, record = row.entry.case.number, row.record
    try:
        pixels = read_photo(row.entry.case.inputs["photo"]).pixels
    except InputError:
        pixels = None
    placed = [] if record is None else [face.box for face in record.faces]
    before, boxes = (None, ()) if pixels is None else thumbnail(pixels, placed)
    if record is None:
        return SheetEntry(number, before, (), None, row.entry.state.value, row.entry.cause)
    with Image.open(folder / row.files[0]) as picture:
        after = np.array(picture)
    return SheetEntry(number, before, boxes, after, _words(record), _flags_of(row))


def _words(record: "PhotoRecord") -> str:
    others = f" · {record.found} faces found" if record.found > 1 else ""
    return f"eyes {record.faces[0].measures['eye_distance_px']:.0f} px apart{others}"


def _flags_of(row: _Row) -> str:
    faces = () if row.record is None else row.record.faces
    return "; ".join(dict.fromkeys(flag for face in faces for flag in face.flags))
