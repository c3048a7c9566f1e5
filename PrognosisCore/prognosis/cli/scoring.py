"""One patient from files to files: what `lesions score` and `demo` share."""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from prognosis.bundles.bundle import Bundle, open_bundle
from prognosis.bundles.manifest import Method
from prognosis.bundles.store import find_bundle
from prognosis.cli.score_request import LARGEST_RESULT_BYTES, ScoreRequest, options_document, require_apart
from prognosis.cli.told_inputs import told_inputs
from prognosis.engines.engine import Engine
from prognosis.files import require_free_space, result_folder, write_bytes, write_csv, write_json, write_text
from prognosis.imaging.lesion_readers import read_lesions, read_organs
from prognosis.imaging.readers import read_volume
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume
from prognosis.lesions.bundle_format import load_lesion_model
from prognosis.lesions.inference import PatchScorer, make_scorer
from prognosis.lesions.model import LesionModel
from prognosis.lesions.result_files import FORMAT
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.lesions.scoring import Scored, score_patient
from prognosis.progress import Progress, silent
from prognosis.provenance import now
from prognosis.report.colour_table import slicer_colour_table
from prognosis.report.lesion_report import render_lesion_report
from prognosis.report.overlay import draw_overlay
from prognosis.report.survival_figure import draw_survival
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE, by_rank, not_scored

_STEPS = 5
_DOCUMENT = "patient.json"
_COLUMNS = (
    "lesion",
    "name",
    "organ",
    "volume_mm3",
    "longest_diameter_mm",
    "short_axis_mm",
    "centroid_r",
    "centroid_a",
    "centroid_s",
    "risk",
    "scale",
    "contribution",
    "rank",
    "percentile",
    "flags",
)


def score_to_folder(
    request: ScoreRequest, output: Path, progress: Progress, *, overwrite: bool = False
) -> ScoredPatient:
    """Score one patient and write all result files, or nothing."""
    for path in request.files:
        require_apart(path, output)
    require_free_space(output.parent, LARGEST_RESULT_BYTES)
    with result_folder(output, known_by=_DOCUMENT, overwrite=overwrite) as folder:
        progress("loading the model", 0, _STEPS)
        model, scorer = scorer_of(request.model, request.engine)
        return score_into(folder, request, model, scorer, progress)


def scorer_of(model: str | None, engine: Engine) -> tuple[LesionModel, PatchScorer]:
    """Find and verify a model, and make its network ready to run unless it still is from the last time."""
    bundle = find_bundle(model, method=Method.LESIONS)
    return _last_scorer(bundle.folder.absolute(), bundle.sha256, engine)


@lru_cache(maxsize=1)
def _last_scorer(folder: Path, sha256: str, engine: Engine) -> tuple[LesionModel, PatchScorer]:
    return load_scorer(open_bundle(folder), engine)


def load_scorer(bundle: Bundle, engine: Engine) -> tuple[LesionModel, PatchScorer]:
    """Load a model and make its network ready to run."""
    model = load_lesion_model(bundle)
    return model, make_scorer(model.network.encoder, model.patch.size, engine)


def score_into(
    folder: Path, request: ScoreRequest, model: LesionModel, scorer: PatchScorer, progress: Progress = silent
) -> ScoredPatient:
    """Score one patient with a loaded model and write all result files into an existing folder."""
    progress("reading the image", 1, _STEPS)
    image = read_volume(request.image, series=request.series, resample_uneven=request.resample_uneven)
    progress("reading the lesions", 2, _STEPS)
    lesions = read_lesions(request.lesions, image, request.choice)
    organs = read_organs(request.organs, image) if request.organs else ()
    progress("scoring", 3, _STEPS)
    scored = score_patient(
        image,
        lesions,
        model,
        scorer,
        organs=organs,
        show_demonstration_numbers=request.show_demonstration_numbers,
    )
    progress("drawing", 4, _STEPS)
    _write_files(folder, scored, image, request)
    progress("done", _STEPS, _STEPS)
    return scored.patient


def patient_document(patient: ScoredPatient) -> dict[str, Any]:
    """The content of `patient.json`."""
    survival = patient.survival
    return {
        "format": FORMAT,
        "notice": RESEARCH_USE,
        "watermark": patient.watermark,
        "risk": patient.risk,
        "percentile": patient.percentile,
        "survival": None if survival is None else {f"{year}_years": s for year, s in survival.at_years.items()},
        "survival_curve": None
        if survival is None
        else {"times_days": list(survival.times_days), "survival": list(survival.survival)},
        "lesions": len(patient.lesions),
        "lesions_scored": len(by_rank(patient)),
        "lesion_details": [
            {"lesion": lesion.label, "name": lesion.name, "colour": list(lesion.colour), "flags": list(lesion.flags)}
            for lesion in patient.lesions
        ],
        "model": asdict(patient.model),
        "versions": dict(patient.versions),
        "warnings": list(patient.warnings),
    }


def summary(patient: ScoredPatient) -> str:
    """The patient's risk and the notice, for a terminal."""
    risk = "No risk: no lesion was scored."
    if patient.risk is not None:
        risk = f"Patient risk {patient.risk:.2f}, the sum of r x s over {len(by_rank(patient))} lesions."
    mark = f"{DEMONSTRATION}. " if patient.model.demonstration else ""
    return f"{risk}\n{mark}{RESEARCH_USE}"


def lesion_table(patient: ScoredPatient) -> str:
    """The lesions by rank, then those not scored, as a table for a terminal."""
    row = "{:>4}  {:<24} {:>11} {:>10} {:>7} {:>6} {:>7}  {}"
    lines = [row.format("rank", "lesion", "volume mm3", "longest mm", "risk", "scale", "r x s", "percentile")]
    for lesion in (*by_rank(patient), *not_scored(patient)):
        name = f"{lesion.label} {lesion.name}"
        lines.append(
            row.format(
                lesion.rank or "",
                name if len(name) <= 24 else f"{name[:23]}…",
                f"{lesion.volume_mm3:.0f}",
                f"{lesion.longest_diameter_mm:.1f}",
                _number(lesion.risk),
                _number(lesion.scale),
                _number(lesion.contribution),
                "not shown" if lesion.percentile is None else f"{lesion.percentile:.0f}",
            )
        )
    return "\n".join(lines)


def _write_files(folder: Path, scored: Scored, image: Volume, request: ScoreRequest) -> None:
    patient = scored.patient
    inputs, created = _inputs(request, image), now()
    write_csv(folder / "lesions.csv", _COLUMNS, [_row(lesion, _mark(patient)) for lesion in patient.lesions])
    document = {**patient_document(patient), "inputs": inputs, "options": options_document(request), "created": created}
    write_json(folder / _DOCUMENT, document)
    labels = Volume(scored.labels_on_input.array, image.geometry)
    write_volume(labels, folder / "risk_labels.nrrd", remarks={"model": _mark(patient)})
    write_text(folder / "risk_labels.ctbl", f"# {_mark(patient)}\n{slicer_colour_table(patient.lesions)}")
    overlay = draw_overlay(scored.image, scored.labels.array, patient)
    write_bytes(folder / "overlay.png", overlay)
    report = render_lesion_report(
        patient,
        overlay_png=overlay,
        survival_png=draw_survival(patient) if patient.survival else None,
        inputs=inputs,
        created=created,
    )
    write_text(folder / "report.html", report)


def _inputs(request: ScoreRequest, image: Volume) -> dict[str, str]:
    given = {"image": request.image, "lesions": request.lesions, "organs": request.organs}
    return told_inputs(given, {"image": image.series_uid})


def _mark(patient: ScoredPatient) -> str:
    model = patient.model
    mark = f"{DEMONSTRATION}, " if model.demonstration else ""
    return f"{mark}{model.name} version {model.version}, research use only"


def _row(lesion: ScoredLesion, mark: str) -> list[object]:
    return [
        lesion.label,
        lesion.name,
        lesion.organ,
        lesion.volume_mm3,
        lesion.longest_diameter_mm,
        lesion.short_axis_mm,
        *lesion.centroid_ras,
        lesion.risk,
        lesion.scale,
        lesion.contribution,
        lesion.rank,
        lesion.percentile,
        "; ".join((*lesion.flags, mark)),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
