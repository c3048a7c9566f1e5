"""A cohort table from a folder of images and segmentations, read by their headers and names alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prognosis.cohort.scan_dicom import DicomIndex
from prognosis.cohort.scan_found import Words, is_utf8
from prognosis.cohort.scan_pairing import (
    Pairing,
    keep_single,
    merged,
    of_doubtful_patients,
    pair_by_name,
    pair_by_reference,
    pair_pet_with_ct,
    plain_image,
)
from prognosis.cohort.scan_plain import is_plain_image, sort_plain_files
from prognosis.cohort.scan_rows import ScannedRow, rows_of, table_of
from prognosis.errors import InputError
from prognosis.files import write_csv
from prognosis.imaging.dicom.files import files_below, is_meant_as_dicom
from prognosis.progress import Progress, silent

_MOST_FILES = 2_000_000
_NAMES_LISTED = 10


@dataclass(frozen=True)
class Scan:
    """What a folder holds, as rows of a cohort table and in words.

    Args:
        rows: What is sure.
        left_out: What is in no row, and why.
        notes: What else there is to know.
        files: Number of files looked at.
    """

    rows: tuple[ScannedRow, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    files: int

    @property
    def patients(self) -> int:
        return len({row.patient_id for row in self.rows})


def scan_folder(folder: Path, *, as_annotations: bool = False, progress: Progress = silent) -> Scan:
    """Find images and their segmentations in a folder and its subfolders.

    Args:
        folder: Where to look. Links are followed once, hidden files and folders are passed over.
        as_annotations: Several segmentations of one image are several readers' and get a row each.
        progress: Told how many files are read.

    Raises:
        InputError: The folder does not exist, or holds more than two million files.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.", remedy="Give the folder that holds images and segmentations.")
    folder = folder.absolute()
    words = Words(folder)
    unlisted: list[Path] = []
    paths, unnameable = _list(folder, unlisted)
    index, plain, damaged, others = _read(paths, progress)
    images, single_slices = index.images()
    sorted_plain = sort_plain_files(plain)
    found = merged(
        pair_by_reference(index.segmentations, images, index.series_of_slice, words),
        pair_by_name(sorted_plain.segmentations, sorted_plain.images, images, folder, words),
    )
    doubtful, told_doubtful = of_doubtful_patients(images, words)
    sure = Pairing([pair for pair in found.pairs if pair.image not in doubtful], found.left_out, found.notes)
    single = keep_single(sure, words, as_annotations=as_annotations)
    petcts, unpaired_pets, pet_notes = pair_pet_with_ct([image for image in images if image not in doubtful], words)
    organs = keep_single(
        pair_by_name(sorted_plain.organs, sorted_plain.images, images, folder, words), words, as_annotations=False
    )
    rows = rows_of(single.pairs, petcts, {pair.image: pair.segmentation.path for pair in organs.pairs})
    used = doubtful | {pair.image for pair in found.pairs}
    used |= {image for row in rows if row.petct for image in (row.petct.pet, row.petct.ct)}
    bare = [image for image in (*images, *(plain_image(path) for path in sorted_plain.images)) if image not in used]
    left_out = (
        *told_doubtful,
        *single.left_out,
        *unpaired_pets,
        *(f"organs: {text}" for text in organs.left_out),
        *(f"{words.image(image)} has no segmentation" for image in bare),
        *(f"{words.image(image)} is a single slice" for image in single_slices),
        *(f"{words.path(path)}: the name is not UTF-8: rename it" for path in unnameable),
    )
    notes = (
        *single.notes,
        *pet_notes,
        *_row_notes(rows),
        *_counted(
            "damaged or unreadable file(s)",
            [*damaged, *unlisted],
            words,
            "Take them out: an image in the same folder cannot be read beside them.",
        ),
        *_counted("file(s) of no image format", others, words),
        *([f"{index.copies} DICOM file(s) are copies of others and not used."] if index.copies else []),
        *(f"{count} DICOM file(s) of other kinds: {kind}." for kind, count in sorted(index.others.items())),
    )
    return Scan(rows, left_out, notes, len(paths))


def write_scan(scan: Scan, table: Path) -> None:
    """Write the rows as a cohort table whose outcome is to be filled in; paths are relative to the table.

    Raises:
        InputError: A path to an image is no text.
    """
    header, rows = table_of(scan.rows, table.absolute().parent)
    if not all(is_utf8(cell) for row in rows for cell in row):
        raise InputError(
            "A folder on the way from the table to the images has a name that is not UTF-8.",
            remedy="Rename it, or write the table into the scanned folder.",
        )
    write_csv(table, header, rows)


def _list(folder: Path, unlisted: list[Path]) -> tuple[list[Path], list[Path]]:
    """The files below a folder, and what is passed over since no table can name it."""

    def note(error: OSError) -> None:
        unlisted.append(Path(str(error.filename)))

    paths: list[Path] = []
    unnameable: dict[Path, None] = {}
    for path in files_below(folder, note):
        if path.name.startswith("."):
            continue
        if is_utf8(str(path.relative_to(folder))):
            paths.append(path)
        else:
            unnameable[_first_unnameable(path, folder)] = None
        if len(paths) > _MOST_FILES:
            raise InputError(
                f"{folder} holds more than {_MOST_FILES:,} files.", remedy="Scan its subfolders one by one."
            )
    return paths, list(unnameable)


def _first_unnameable(path: Path, folder: Path) -> Path:
    """The file, or the outermost folder around it, whose name is to be mended."""
    around = [parent for parent in reversed(path.parents) if parent != folder and parent.is_relative_to(folder)]
    return next(one for one in (*around, path) if not is_utf8(one.name))


def _read(paths: Sequence[Path], progress: Progress) -> tuple[DicomIndex, list[Path], list[Path], list[Path]]:
    index = DicomIndex()
    plain: list[Path] = []
    damaged: list[Path] = []
    others: list[Path] = []
    for number, path in enumerate(paths, start=1):
        try:
            if is_plain_image(path) and path.is_file():
                (plain if path.stat().st_size else damaged).append(path)
            elif is_meant_as_dicom(path):
                index.add(path)
            else:
                others.append(path)
        except InputError:
            damaged.append(path)
        progress("reading headers", number, len(paths))
    return index, plain, damaged, others


def _row_notes(rows: Sequence[ScannedRow]) -> list[str]:
    if not rows:
        return []
    notes = ["Patient ids are pseudonyms, given in the order of paths; another scan may give others."]
    dates: dict[str, set[str]] = {}
    for row in rows:
        dates.setdefault(row.patient_id, set()).add(row.pair.image.date)
    for patient, told in dates.items():
        if len(told) > 1:
            notes.append(
                f"{patient} has images of {len(told)} dates: time runs from the image, so keep the rows of one date, "
                "or name the later one in followup_image and followup_lesions."
            )
    plain = Counter(bool(row.pair.image.series_uid) for row in rows)[False]
    if plain:
        notes.append(f"{plain} row(s) are of image files, which name no patient: each is taken for one of its own.")
    return notes


def _counted(what: str, paths: Sequence[Path], words: Words, consequence: str = "") -> list[str]:
    if not paths:
        return []
    names = ", ".join(words.path(path) for path in paths[:_NAMES_LISTED])
    more = f" and {len(paths) - _NAMES_LISTED} more" if len(paths) > _NAMES_LISTED else ""
    return [f"{len(paths)} {what}: {names}{more}.{f' {consequence}' * bool(consequence)}"]
