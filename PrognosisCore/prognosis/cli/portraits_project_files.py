"""What `prognosis portraits project` writes beside its cases: the table of all photos, and all faces on one sheet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from prognosis.batch.ledger import Entry, State
from prognosis.cli.cohort_run import Ran
from prognosis.files import write_bytes, write_csv
from prognosis.portraits.comparing.grids import SYNTHETIC, marked_png, sample_grid
from prognosis.portraits.faces.aligned_files import MEASURES
from prognosis.portraits.projecting.latent_files import (
    LATENT,
    PICTURE,
    GeneratorUsed,
    ProjectionRecord,
    picture_words,
    read_projection,
)
from prognosis.portraits.projecting.photo_reading import as_images
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE

TABLE, OVERVIEW = "projections.csv", "overview.png"
MOST_SHOWN = 80

_COLUMNS = 8
_SHOWN_SIDE = 128
_TOLD = ("row", "status", "latents", "cause", "remedy")
_HEADER = (
    *_TOLD,
    *("space", "perceptual", "pixel", "identity", "loss", "steps", "stopped_early"),
    *("restarts", "latent_spread", "loss_spread", "features", "features_validated"),
    *("identity_measure", "identity_validated", *MEASURES, "flags", "notes", "generator", "demonstration"),
)

_Row = tuple[Entry, ProjectionRecord | None]


def is_former(name: str) -> bool:
    """Whether a run writes a file of that name beside its cases."""
    return name in (TABLE, OVERVIEW)


def publish(ran: Ran, used: GeneratorUsed) -> list[tuple[int, str]]:
    """Write `projections.csv` and, where there is a face, `overview.png`.

    Returns:
        Rows and what should be looked at.

    Raises:
        InputError: A case's files are damaged.
    """
    finished = (State.DONE, State.KEPT)
    rows: list[_Row] = [
        (entry, read_projection(ran.output / entry.case.name) if entry.state in finished else None)
        for entry in ran.ledger.entries
    ]
    write_csv(ran.output / TABLE, _HEADER, [_cells(row) for row in rows])
    shown = [row for row in rows if row[1] is not None][:MOST_SHOWN]
    if shown:
        write_bytes(ran.output / OVERVIEW, _overview(ran.output, shown, used))
    return [
        (entry.case.number, "; ".join(record.photo.flags)) for entry, record in rows if record and record.photo.flags
    ]


def _cells(row: _Row) -> list[object]:
    entry, record = row
    if record is None:
        told = [entry.case.number, entry.state.value, None, entry.cause, entry.remedy]
        return [*told, *[None] * (len(_HEADER) - len(_TOLD))]
    distances, restarts, photo = record.distances, record.restarts, record.photo
    return [
        *(entry.case.number, "projected", f"{entry.case.name}/{LATENT}", None, None),
        *(record.space.value, distances.perceptual, distances.pixel, distances.identity),
        *(record.loss, record.steps, _word(record.stopped_early)),
        *(restarts.count, restarts.latent_spread, restarts.loss_spread),
        *(distances.network, _word(distances.validated)),
        *(distances.identity_measure, _word(distances.identity_validated)),
        *(photo.measures.get(name) for name in MEASURES),
        *("; ".join(photo.flags), "; ".join(photo.notes)),
        *(f"{record.generator.name} {record.generator.version}", _word(record.generator.demonstration)),
    ]


def _word(truth: bool | None) -> str | None:
    return None if truth is None else "yes" if truth else "no"


def _overview(folder: Path, rows: Sequence[_Row], used: GeneratorUsed) -> bytes:
    pictures = [_picture(folder / entry.case.name / PICTURE) for entry, _ in rows]
    columns = min(_COLUMNS, len(pictures))
    captions = [
        _caption([entry.case.number for entry, _ in rows[at : at + columns]]) for at in range(0, len(rows), columns)
    ]
    notice = [
        f"{SYNTHETIC}s by {used.name} {used.version}",
        *RESEARCH_USE.replace(". ", ".\n").splitlines(),
        "Treat them like the photos.",
    ]
    below = [DEMONSTRATION, *notice] if used.demonstration else notice
    grid = sample_grid(as_images(np.stack(pictures)), columns=columns, beside=captions, below=below)
    return marked_png(grid, picture_words(used))


def _picture(file: Path) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    with Image.open(file) as picture:
        return np.array(picture.convert("RGB").resize((_SHOWN_SIDE, _SHOWN_SIDE), Image.Resampling.LANCZOS))


def _caption(numbers: Sequence[int]) -> str:
    first, last = numbers[0], numbers[-1]
    if first == last:
        return f"row {first}"
    return f"rows {first} to {last}" if last - first == len(numbers) - 1 else f"rows {', '.join(map(str, numbers))}"
