"""One patient from files to files: what `lesions score` and `demo` share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prognosis.bundles.manifest import Method
from prognosis.bundles.store import find_bundle
from prognosis.files import require_free_space, result_folder, write_bytes, write_csv, write_json, write_text
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume
from prognosis.lesions.bundle_format import load_lesion_model
from prognosis.lesions.engine import Engine
from prognosis.lesions.inference import make_scorer
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.lesions.scoring import Scored, score_patient
from prognosis.progress import Progress
from prognosis.provenance import now
from prognosis.report.colour_table import slicer_colour_table
from prognosis.report.lesion_report import render_lesion_report
from prognosis.report.overlay import draw_overlay
from prognosis.report.survival_figure import draw_survival

_STEPS = 5
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


@dataclass(frozen=True)
class ScoreRequest:
    """What is scored, by which model, and how it is shown.

    Args:
        image: A CT file or DICOM folder.
        lesions: Its segmentation.
        organs: A segmentation of organs, or None.
        series: Which series of a folder that holds several.
        resample_uneven: Accept uneven slice distances and resample.
        choice: Which segments are lesions.
        model: Name or folder of a model; None takes the default.
        engine: What computes the network.
        show_demonstration_numbers: Show percentiles and curves of a demonstration model.
    """

    image: Path
    lesions: Path
    organs: Path | None = None
    series: str | None = None
    resample_uneven: bool = False
    choice: LesionChoice = field(default_factory=LesionChoice)
    model: str | None = None
    engine: Engine = Engine.AUTO
    show_demonstration_numbers: bool = False


def score_to_folder(
    request: ScoreRequest, output: Path, progress: Progress, *, overwrite: bool = False
) -> ScoredPatient:
    """Score one patient and write all result files, or nothing."""
    with result_folder(output, overwrite=overwrite) as folder:
        progress("loading the model", 0, _STEPS)
        model = load_lesion_model(find_bundle(request.model, method=Method.LESIONS))
        scorer = make_scorer(model.network.encoder, model.patch.size, request.engine)
        progress("reading the image", 1, _STEPS)
        image = read_volume(request.image, series=request.series, resample_uneven=request.resample_uneven)
        progress("reading the lesions", 2, _STEPS)
        lesions = read_lesions(request.lesions, image, request.choice)
        organs = read_lesions(request.organs, image).lesions if request.organs else ()
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
        "notice": "Research use only. Not for diagnosis or treatment.",
        "risk": patient.risk,
        "percentile": patient.percentile,
        "survival": None if survival is None else {f"{year}_years": s for year, s in survival.at_years.items()},
        "lesions": len(patient.lesions),
        "lesions_scored": sum(lesion.risk is not None for lesion in patient.lesions),
        "model": {
            "name": patient.model.name,
            "version": patient.model.version,
            "sha256": patient.model.sha256,
            "demonstration": patient.model.demonstration,
        },
        "versions": dict(patient.versions),
        "warnings": list(patient.warnings),
    }


def lesion_table(patient: ScoredPatient) -> str:
    """The lesions by rank, as a table for a terminal."""
    lines = [
        f"{'rank':>4}  {'lesion':<24} {'volume mm3':>11} {'longest mm':>10} {'risk':>7} {'scale':>6} {'r x s':>7}  "
    ]
    lines[0] += "percentile"
    for lesion in by_rank(patient):
        name = f"{lesion.label} {lesion.name}"
        name = name if len(name) <= 24 else f"{name[:23]}…"
        line = f"{lesion.rank or '':>4}  {name:<24} {lesion.volume_mm3:>11.0f} {lesion.longest_diameter_mm:>10.1f} "
        line += f"{_number(lesion.risk):>7} {_number(lesion.scale):>6} {_number(lesion.contribution):>7}  "
        lines.append(line + ("not shown" if lesion.percentile is None else f"{lesion.percentile:.0f}"))
    return "\n".join(lines)


def by_rank(patient: ScoredPatient) -> list[ScoredLesion]:
    """Scored lesions by rank, then those not scored in input order."""
    return sorted(patient.lesions, key=lambda lesion: (lesion.rank is None, lesion.rank or 0))


def _write_files(folder: Path, scored: Scored, image: Volume, request: ScoreRequest) -> None:
    patient = scored.patient
    require_free_space(folder, 20_000_000)
    write_csv(folder / "lesions.csv", _COLUMNS, [_row(lesion) for lesion in patient.lesions])
    write_json(folder / "patient.json", patient_document(patient))
    write_volume(Volume(scored.labels_on_input.array, image.geometry), folder / "risk_labels.nrrd")
    write_text(folder / "risk_labels.ctbl", slicer_colour_table(patient.lesions))
    overlay = draw_overlay(scored.image, scored.labels.array, patient)
    write_bytes(folder / "overlay.png", overlay)
    report = render_lesion_report(
        patient,
        overlay_png=overlay,
        survival_png=draw_survival(patient) if patient.survival else None,
        inputs=_inputs(request),
        created=now(),
    )
    write_text(folder / "report.html", report)


def _inputs(request: ScoreRequest) -> dict[str, str]:
    inputs = {"image": request.image.name, "lesions": request.lesions.name}
    if request.organs:
        inputs["organs"] = request.organs.name
    return inputs


def _row(lesion: ScoredLesion) -> list[object]:
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
        "; ".join(lesion.flags),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
