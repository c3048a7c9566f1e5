"""Results as the command line would write them for a segmentation of the scene, without its network."""

from dataclasses import replace
from pathlib import Path

from prognosis.bundles.model_used import ModelUsed
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume
from prognosis.lesions.colours import NOT_SCORED, colour_of_percentile
from prognosis.lesions.painting import paint
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.survival.predicted_survival import PredictedSurvival
from prognosis_slicer.scene.segments import ChosenSegments

A_CURVE = PredictedSurvival((200.0, 400.0, 900.0), (0.9, 0.7, 0.4), {1: 0.9, 2: 0.7, 5: None})


def a_result(chosen: ChosenSegments, risks: list[float | None], **changes) -> ScoredPatient:
    """A patient with these risks; percentile 50 at risk 0, 30 more for each unit."""
    order = sorted((n for n, risk in enumerate(risks) if risk is not None), key=lambda n: -risks[n])
    lesions = []
    for number, (mask, risk) in enumerate(zip(chosen.lesions, risks, strict=True)):
        left, posterior, superior = mask.centroid
        percentile = None if risk is None else min(max(50 + 30 * risk, 0.0), 100.0)
        lesions.append(
            ScoredLesion(
                label=mask.label,
                name=mask.name,
                organ="lung",
                volume_mm3=mask.volume_mm3,
                longest_diameter_mm=20.0,
                short_axis_mm=15.0,
                centroid_ras=(-left, -posterior, superior),
                risk=risk,
                scale=None if risk is None else 0.5,
                contribution=None if risk is None else 0.5 * risk,
                rank=order.index(number) + 1 if risk is not None else None,
                percentile=percentile,
                colour=NOT_SCORED if percentile is None else colour_of_percentile(percentile),
                flags=("not scored: too small",) if risk is None else (),
            )
        )
    parts = [lesion.contribution for lesion in lesions if lesion.contribution is not None]
    patient = ScoredPatient(
        lesions=tuple(lesions),
        risk=sum(parts) if parts else None,
        percentile=60.0,
        survival=A_CURVE,
        watermark=None,
        model=ModelUsed(
            "lesions-test", "1.0", "0" * 64, False, "tests", "no patients", {"C-index": "0.68 (0.61-0.74)"}
        ),
        versions={"prognosis": "0.1.0"},
        warnings=('a warning; with: odd "signs" & ü',),
    )
    return replace(patient, **changes)


def as_demonstration(patient: ScoredPatient) -> ScoredPatient:
    """As a demonstration model scores a patient who is no phantom: order only."""
    return replace(
        patient,
        lesions=tuple(replace(lesion, percentile=None) for lesion in patient.lesions),
        percentile=None,
        survival=None,
        model=replace(patient.model, demonstration=True),
    )


def a_result_folder(folder: Path, chosen: ChosenSegments, patient: ScoredPatient, image: Geometry) -> Path:
    """The painted label map, written as the command line does."""
    folder.mkdir(exist_ok=True)
    painted = paint(chosen.lesions, [lesion.risk for lesion in patient.lesions], image)
    write_volume(Volume(painted.array, image), folder / "risk_labels.nrrd", remarks={"model": "lesions-test"})
    return folder
