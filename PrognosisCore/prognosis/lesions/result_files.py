"""The folder that `prognosis lesions score` wrote, read back; needs nothing but Python and NumPy."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from prognosis._version import __version__
from prognosis.bundles.model_used import ModelUsed
from prognosis.errors import InputError
from prognosis.lesions.result_values import SCORE_AGAIN, Entries, Row, read_text
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.survival.predicted_survival import PredictedSurvival

FORMAT = 1
TABLE = "lesions.csv"
DOCUMENT = "patient.json"
LABELS = "risk_labels.nrrd"
COLOURS = "risk_labels.ctbl"
OVERLAY = "overlay.png"
REPORT = "report.html"

_LARGEST_RELATIVE_GAP = 1e-6
_NUMBERS = ("risk", "scale", "contribution", "rank")
_COLUMNS = (
    "lesion",
    "organ",
    "volume_mm3",
    "longest_diameter_mm",
    "short_axis_mm",
    "centroid_r",
    "centroid_a",
    "centroid_s",
    *_NUMBERS,
    "percentile",
)


def read_result(folder: Path) -> ScoredPatient:
    """Read a result as it was scored; numbers of lesions have nine significant digits.

    Args:
        folder: What `--output` named.

    Raises:
        InputError: A file is missing, damaged, or of another version of the program, or the files disagree; the message
            names the file and the key or column.
    """
    entries = _read_document(folder / DOCUMENT)
    details = [_Details.of(entry) for entry in entries.entries("lesion_details")]
    lesions = tuple(_read_lesions(folder / TABLE, details, folder / DOCUMENT))
    patient = ScoredPatient(
        lesions=lesions,
        risk=entries.number_or_none("risk"),
        percentile=entries.number_or_none("percentile"),
        survival=_survival(entries),
        watermark=entries.text_or_none("watermark"),
        model=_model(entries.entry("model")),
        versions=entries.entry("versions").texts(),
        warnings=entries.list_of_texts("warnings"),
    )
    _require_sum(patient, folder)
    return patient


@dataclass(frozen=True)
class _Details:
    """What a table's cell does not hold as it is."""

    label: int
    name: str
    colour: tuple[int, int, int]
    flags: tuple[str, ...]

    @staticmethod
    def of(entries: Entries) -> "_Details":
        colour = entries.list_of_numbers("colour")
        if len(colour) != 3 or not all(0 <= part <= 255 and part == int(part) for part in colour):
            raise InputError(f"{entries.where}: 'colour' should be three numbers of 0 to 255.", remedy=SCORE_AGAIN)
        red, green, blue = (int(part) for part in colour)
        return _Details(
            int(entries.number("lesion")), entries.text("name"), (red, green, blue), entries.list_of_texts("flags")
        )


def _read_document(path: Path) -> Entries:
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no whole JSON file.", remedy=SCORE_AGAIN) from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is no result of `prognosis lesions score`.", remedy="Choose another folder.")
    if content.get("format") != FORMAT:
        versions = content.get("versions")
        by = versions.get("prognosis") if isinstance(versions, dict) else None
        raise InputError(
            f"{path} was written by {f'version {by}' if by else 'another version'} of the program; this is version "
            f"{__version__} and reads format {FORMAT}.",
            remedy=SCORE_AGAIN,
        )
    return Entries(str(path), content)


def _read_lesions(path: Path, details: list[_Details], document: Path) -> Iterable[ScoredLesion]:
    rows = _read_rows(path)
    if len(rows) != len(details):
        raise InputError(f"{path} has {len(rows)} lesions and {document} {len(details)}.", remedy=SCORE_AGAIN)
    for row, detail in zip(rows, details, strict=True):
        if row.whole("lesion") != detail.label:
            raise InputError(
                f"{row.where}, column 'lesion': {document} has lesion {detail.label} there.", remedy=SCORE_AGAIN
            )
        yield _lesion(row, detail)


def _read_rows(path: Path) -> list[Row]:
    try:
        reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
        header = next(reader, [])
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise InputError(f"{path} is no whole table.", remedy=SCORE_AGAIN) from error
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise InputError(f"{path} has no column {', '.join(map(repr, missing))}.", remedy=SCORE_AGAIN)
    for line, cells in rows:
        if len(cells) != len(header):
            raise InputError(f"{path}, line {line} has {len(cells)} cells, not {len(header)}.", remedy=SCORE_AGAIN)
    return [Row(f"{path}, line {line}", dict(zip(header, cells, strict=True))) for line, cells in rows]


def _lesion(row: Row, detail: _Details) -> ScoredLesion:
    scored = [column for column in _NUMBERS if row.cells[column]]
    if scored and len(scored) < len(_NUMBERS):
        empty = next(column for column in _NUMBERS if column not in scored)
        raise InputError(f"{row.where}, column '{empty}' is empty.", remedy=SCORE_AGAIN)
    return ScoredLesion(
        label=detail.label,
        name=detail.name,
        organ=row.cells["organ"] or None,
        volume_mm3=row.number("volume_mm3"),
        longest_diameter_mm=row.number("longest_diameter_mm"),
        short_axis_mm=row.number("short_axis_mm"),
        centroid_ras=(row.number("centroid_r"), row.number("centroid_a"), row.number("centroid_s")),
        risk=row.number_or_none("risk"),
        scale=row.number_or_none("scale"),
        contribution=row.number_or_none("contribution"),
        rank=row.whole("rank") if scored else None,
        percentile=row.number_or_none("percentile"),
        colour=detail.colour,
        flags=detail.flags,
    )


def _survival(entries: Entries) -> PredictedSurvival | None:
    at_years, curve = entries.entry_or_none("survival"), entries.entry_or_none("survival_curve")
    if at_years is None or curve is None:
        return None
    times, survival = curve.list_of_numbers("times_days"), curve.list_of_numbers("survival")
    if len(times) != len(survival):
        raise InputError(
            f"{curve.where}: {len(times)} times and {len(survival)} values of survival.", remedy=SCORE_AGAIN
        )
    return PredictedSurvival(
        times, survival, {_year(key, at_years): at_years.number_or_none(key) for key in at_years.values}
    )


def _year(key: str, at_years: Entries) -> int:
    year = key.removesuffix("_years")
    if not (year.isascii() and year.isdigit()):
        raise InputError(f"{at_years.where}: '{key}' should be like '5_years'.", remedy=SCORE_AGAIN)
    return int(year)


def _model(entries: Entries) -> ModelUsed:
    return ModelUsed(
        name=entries.text("name"),
        version=entries.text("version"),
        sha256=entries.text("sha256"),
        demonstration=entries.truth("demonstration"),
        intended_use=entries.text("intended_use"),
        training_summary=entries.text("training_summary"),
        metrics=entries.entry("metrics").texts(),
    )


def _require_sum(patient: ScoredPatient, folder: Path) -> None:
    """Refuse files that were changed or mixed: the patient's risk is the sum over the lesions."""
    parts = [lesion.contribution for lesion in patient.lesions if lesion.contribution is not None]
    allowed = _LARGEST_RELATIVE_GAP * max(1.0, sum(map(abs, parts)))
    if (patient.risk is None) != (not parts) or abs(sum(parts) - (patient.risk or 0.0)) > allowed:
        raise InputError(
            f"{folder / TABLE}, column 'contribution' does not sum to 'risk' of {DOCUMENT}: one of them was changed.",
            remedy=SCORE_AGAIN,
        )
