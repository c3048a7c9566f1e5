"""A scored PET/CT and a follow-up, from files to files."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prognosis.biomarkers.following.baseline import DOCUMENT as BASELINE_DOCUMENT
from prognosis.biomarkers.following.baseline import read_baseline
from prognosis.biomarkers.following.comparing import GOOD_DETAIL, LEAST_DETAIL, LEAST_MATCH, follow_up
from prognosis.biomarkers.following.options import FollowUpOptions
from prognosis.biomarkers.following.results import FollowedUp
from prognosis.bundles.model_used import ModelUsed
from prognosis.cli.score_request import require_apart
from prognosis.cli.told_inputs import told_inputs
from prognosis.config import as_plain
from prognosis.files import result_folder, sha256_of, write_bytes, write_json, write_text
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume
from prognosis.imaging.writing import write_volume
from prognosis.progress import Progress
from prognosis.provenance import now, versions
from prognosis.report.followup.figure import draw_followup
from prognosis.report.followup.page import render_followup_report
from prognosis.report.followup.words import DESCRIPTIVE, explanation, headline
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE

FORMAT = "prognosis-followup-1"
DOCUMENT = "followup.json"


@dataclass(frozen=True)
class FollowUpRequest:
    """What is compared, and how.

    Args:
        result: The folder `biomarkers score` wrote.
        ct: The later CT, a file or DICOM folder.
        series: Which series of a folder that holds several.
        recurrence: Its contour on that CT, or None.
        choice: Which of its segments.
        options: How.
    """

    result: Path
    ct: Path
    series: str | None = None
    recurrence: Path | None = None
    choice: LesionChoice = field(default_factory=LesionChoice)
    options: FollowUpOptions = field(default_factory=FollowUpOptions)


def compare_to_folder(
    request: FollowUpRequest, output: Path, progress: Progress, *, overwrite: bool = False
) -> dict[str, Any]:
    """Compare and write all result files, or nothing.

    Returns:
        What `followup.json` holds.
    """
    for path in (request.result, request.ct, request.recurrence):
        if path is not None:
            require_apart(path, output)
    with result_folder(output, known_by=DOCUMENT, overwrite=overwrite) as folder:
        baseline = read_baseline(request.result)
        scan = read_volume(request.ct, series=request.series)
        recurrence = None if request.recurrence is None else read_lesions(request.recurrence, scan, request.choice)
        followed = follow_up(baseline, scan, recurrence, request.options, progress=progress)
        return _write_files(folder, followed, request, scan.series_uid)


def summary(document: dict[str, Any]) -> str:
    """What was found and the notice, for a terminal."""
    mark = f"{DEMONSTRATION}. " if document["model"]["demonstration"] else ""
    return f"{document['headline']}\n{document['explanation']}\n{mark}{RESEARCH_USE}"


def _write_files(folder: Path, followed: FollowedUp, request: FollowUpRequest, series: str | None) -> dict[str, Any]:
    given = {"followup_ct": request.ct, "recurrence": request.recurrence}
    inputs, created, made_by = told_inputs(given, {"followup_ct": series}), now(), versions()
    inputs["baseline"] = f"{BASELINE_DOCUMENT}, SHA-256 {sha256_of(request.result / BASELINE_DOCUMENT)}"
    remarks = {"model": _mark(followed.baseline.model)}
    for modality, volume in followed.heat_on_scan.items():
        of = {"heat": f"{followed.baseline.method} of {followed.baseline.endpoint}"}
        write_volume(volume, folder / f"heat_on_followup_{modality.value}.nrrd", remarks={**remarks, **of})
    write_volume(followed.tumour_on_scan, folder / "tumour_on_followup.nrrd", remarks=remarks)
    picture = draw_followup(followed)
    write_bytes(folder / "overlay.png", picture)
    report = render_followup_report(followed, overlay_png=picture, inputs=inputs, versions=made_by, created=created)
    write_text(folder / "report.html", report)
    document = {
        **followup_document(followed),
        "inputs": inputs,
        "options": {
            **as_plain(request.options),
            "series": request.series,
            "lesion_names": list(request.choice.names),
            "lesion_labels": list(request.choice.labels),
            "split_components": request.choice.split_components,
            "min_volume_mm3": request.choice.min_volume_mm3,
        },
        "versions": made_by,
        "created": created,
    }
    write_json(folder / DOCUMENT, document)
    return document


def followup_document(followed: FollowedUp) -> dict[str, Any]:
    """The numbers of `followup.json`."""
    found, laid, overlap = followed.registration, followed.recurrence, followed.overlap
    return {
        "format": FORMAT,
        "notice": RESEARCH_USE,
        "watermark": followed.baseline.watermark,
        "headline": headline(followed),
        "explanation": explanation(followed),
        "registration": {
            "baseline_to_followup_lps": found.matrix.tolist(),
            "correlation": found.match,
            "correlation_before": found.match_before,
            "correlation_of_detail": found.detail,
            "doubtful": followed.doubtful,
            "thresholds": {"correlation": LEAST_MATCH, "detail": LEAST_DETAIL, "detail_good": GOOD_DETAIL},
            "shift_mm_lps": found.shift_mm.tolist(),
            "rotation_degrees": found.rotation_degrees,
            "region_shown": found.overlap,
            "start": found.start,
        },
        "recurrence": None
        if laid is None
        else {"volume_mm3": laid.volume_mm3, "outside_region_fraction": laid.outside_fraction},
        "overlap": None if overlap is None else {**asdict(overlap), "flags": list(overlap.flags), "note": DESCRIPTIVE},
        "heat": {
            "modalities": [modality.value for modality in followed.hotness.modalities],
            "endpoint": followed.baseline.endpoint,
            "method": followed.baseline.method,
        },
        "model": asdict(followed.baseline.model),
        "phantom": followed.baseline.phantom,
        "warnings": list(followed.warnings),
        "baseline_warnings": list(followed.baseline.warnings),
    }


def _mark(model: ModelUsed) -> str:
    mark = f"{DEMONSTRATION}, " if model.demonstration else ""
    return f"{mark}{model.name} version {model.version}, research use only"
