"""One PET/CT from files to files."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from prognosis.biomarkers.images.patient_images import PatientFiles, PatientImages, read_patient_images
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.attribution import HeatMethod
from prognosis.biomarkers.networks.extraction import Extractor, make_extractor
from prognosis.biomarkers.risk.bundle_format import load_biomarker_model
from prognosis.biomarkers.risk.model import BiomarkerModel
from prognosis.biomarkers.risk.results import EndpointRisk, Scored, ScoredPetct
from prognosis.biomarkers.risk.scoring import ScoringOptions, require_endpoint, score_petct
from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import ArchitectureKind, Method
from prognosis.bundles.store import find_bundle
from prognosis.cli.petct_request import LARGEST_RESULT_BYTES, PetctRequest, options_document
from prognosis.cli.score_request import require_apart
from prognosis.cli.told_inputs import told_inputs
from prognosis.files import require_free_space, result_folder, write_bytes, write_csv, write_json, write_text
from prognosis.imaging.pet import SuvGiven
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume
from prognosis.progress import Progress, silent
from prognosis.provenance import now
from prognosis.report.petct.heat_figure import draw_heat
from prognosis.report.petct.page import render_petct_report
from prognosis.report.survival_figure import draw_survival
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE

FORMAT = "prognosis-petct-1"
_DOCUMENT = "patient.json"
_STEPS = 4
_FEATURE_COLUMNS = (
    "endpoint", "feature", "channel", "z", "y", "x", "value", "standardised", "log_odds", "mark"
)  # fmt: skip


def score_to_folder(request: PetctRequest, output: Path, progress: Progress, *, overwrite: bool = False) -> ScoredPetct:
    """Score one patient and write all result files, or nothing."""
    for path in request.given.values():
        require_apart(path, output)
    require_free_space(output.parent, LARGEST_RESULT_BYTES)
    with result_folder(output, known_by=_DOCUMENT, overwrite=overwrite) as folder:
        progress("loading the model", 0, _STEPS)
        model, extractors = load_model(find_petct_model(request.model))
        require_endpoint(model, request.endpoint)
        return score_into(folder, request, model, extractors, progress)


def find_petct_model(name: str | None) -> Bundle:
    """Find and verify a fitted prognosis."""
    return find_bundle(name, method=Method.BIOMARKERS, kind=ArchitectureKind.BIOMARKER_PROGNOSIS)


def load_model(bundle: Bundle) -> tuple[BiomarkerModel, Mapping[Modality, Extractor]]:
    """Load a model and make its networks ready to run."""
    model = load_biomarker_model(bundle)
    return model, {modality: make_extractor(one.network) for modality, one in model.segmenters.items()}


def score_into(
    folder: Path,
    request: PetctRequest,
    model: BiomarkerModel,
    extractors: Mapping[Modality, Extractor],
    progress: Progress = silent,
) -> ScoredPetct:
    """Score one patient with a loaded model and write all result files into an existing folder."""
    progress("reading the images", 1, _STEPS)
    images = read_patient_images(
        PatientFiles(
            ct=request.ct,
            pet=request.pet,
            tumour=request.tumour,
            ct_tumour=request.ct_tumour,
            pet_tumour=request.pet_tumour,
            ct_series=request.ct_series,
            pet_series=request.pet_series,
            choice=request.choice,
            given=SuvGiven(request.weight_kg, request.dose_bq, request.suv_factor),
        )
    )
    progress("scoring", 2, _STEPS)
    options = ScoringOptions(request.endpoint, HeatMethod(request.heat), request.show_demonstration_numbers)
    scored = score_petct(images, model, extractors, options)
    progress("drawing", 3, _STEPS)
    _write_files(folder, scored, images, request)
    progress("done", _STEPS, _STEPS)
    return scored.patient


def patient_document(patient: ScoredPetct) -> dict[str, Any]:
    """The content of `patient.json`."""
    survival = patient.survival
    return {
        "format": FORMAT,
        "notice": RESEARCH_USE,
        "watermark": patient.watermark,
        "endpoints": {one.key: _endpoint_document(one) for one in patient.endpoints},
        "risk": patient.risk,
        "risk_percentile": patient.risk_percentile,
        "survival": None if survival is None else {f"{year}_years": s for year, s in survival.at_years.items()},
        "survival_curve": None
        if survival is None
        else {"times_days": list(survival.times_days), "survival": list(survival.survival)},
        "conventional": {name: value if value == value else None for name, value in patient.conventional.items()},
        "suv": dict(patient.suv),
        "model": asdict(patient.model),
        "networks": dict(patient.networks),
        "versions": dict(patient.versions),
        "warnings": list(patient.warnings),
    }


def summary(patient: ScoredPetct) -> str:
    """The probabilities and the notice, for a terminal."""
    lines = []
    for one in patient.endpoints:
        told = f"score {one.score:.2f} (log odds, for ranking)"
        if one.probability is not None:
            told = f"{100 * one.probability:.0f} %"
            if one.low is not None and one.high is not None:
                told += f" ({100 * one.low:.0f} to {100 * one.high:.0f} %)"
        lines.append(f"{one.shown}: {told}")
        lines.extend(f"  {note}" for note in one.notes)
    mark = f"{DEMONSTRATION}. " if patient.model.demonstration else ""
    return "\n".join([*lines, f"{mark}{RESEARCH_USE}"])


def _endpoint_document(one: EndpointRisk) -> dict[str, Any]:
    document = asdict(one)
    document.pop("key")
    document["contributions"] = [asdict(each) for each in one.contributions]
    return document


def _write_files(folder: Path, scored: Scored, images: PatientImages, request: PetctRequest) -> None:
    patient = scored.patient
    series = {role: image.series_uid for role, image in (("ct", images.ct), ("pet", images.pet)) if image is not None}
    inputs, created = told_inputs(request.given, series), now()
    write_csv(folder / "features.csv", _FEATURE_COLUMNS, _feature_rows(patient))
    heat = {
        "endpoint": scored.heat.endpoint,
        "method": scored.heat.method,
        "shuffled_correlation": {one.value: value for one, value in scored.heat.shuffled_correlation.items()},
    }
    document = {
        **patient_document(patient), "heat": heat, "inputs": inputs, "options": options_document(request),
        "created": created,
    }  # fmt: skip
    write_json(folder / _DOCUMENT, document)
    for modality, volume in scored.heat.on_input.items():
        remarks = {"model": _mark(patient), "heat": _heat_words(scored)}
        write_volume(volume, folder / f"heat_{modality.value}.nrrd", remarks=remarks)
    _write_region(folder, scored)
    pictures = {
        "Slices through the middle of the tumour, plain and with heat.": draw_heat(scored, through="tumour"),
        "Slices through the voxel of most heat, plain and with heat.": draw_heat(scored, through="hottest"),
    }
    for name, picture in zip(("overlay.png", "overlay_hottest.png"), pictures.values(), strict=True):
        write_bytes(folder / name, picture)
    report = render_petct_report(
        scored,
        pictures=pictures,
        survival_png=draw_survival(patient) if patient.survival else None,
        inputs=inputs,
        created=created,
    )
    write_text(folder / "report.html", report)


def _write_region(folder: Path, scored: Scored) -> None:
    """What the networks read and the heat on its lattice, for a follow-up and for a closer look."""
    region, heat = scored.region, scored.heat
    phantom = next(iter(heat.on_input.values())).phantom
    made_by = {"model": _mark(scored.patient)}
    of_heat = {**made_by, "heat": _heat_words(scored)}
    for modality, image in region.images.items():
        volume = Volume(image, region.geometry, modality="PT" if modality is Modality.PET else "CT", phantom=phantom)
        write_volume(volume, folder / f"region_{modality.value}.nrrd", remarks=made_by)
    for modality, values in heat.region.items():
        volume = Volume(values, region.geometry, phantom=phantom)
        write_volume(volume, folder / f"region_heat_{modality.value}.nrrd", remarks=of_heat)
    tumour = Volume(np.any(list(region.tumours.values()), axis=0), region.geometry, phantom=phantom)
    write_volume(tumour, folder / "region_tumour.nrrd", remarks=made_by)


def _heat_words(scored: Scored) -> str:
    return f"{scored.heat.method} of {scored.heat.endpoint}"


def _feature_rows(patient: ScoredPetct) -> list[list[object]]:
    return [
        [
            one.key, each.name, each.channel, *each.position, each.value, each.standardised, each.log_odds,
            _mark(patient),
        ]
        for one in patient.endpoints
        for each in one.contributions
    ]  # fmt: skip


def _mark(patient: ScoredPetct) -> str:
    model = patient.model
    mark = f"{DEMONSTRATION}, " if model.demonstration else ""
    return f"{mark}{model.name} version {model.version}, research use only"
