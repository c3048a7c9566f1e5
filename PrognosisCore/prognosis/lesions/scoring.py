"""Scoring one patient: lesions in, risks and what to know of them out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, LesionSet
from prognosis.imaging.volume import Volume
from prognosis.lesions.colours import NOT_SCORED, colour_of_percentile
from prognosis.lesions.examine import ExaminedLesion, examine_lesions
from prognosis.lesions.inference import PatchScorer
from prognosis.lesions.model import LesionModel
from prognosis.lesions.organs import OrganFinder, looks_like_anatomy
from prognosis.lesions.painting import PaintedLabels, paint
from prognosis.lesions.preparing import prepare_ct
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.provenance import versions
from prognosis.survival.predicted_survival import PredictedSurvival, percentile_among, predicted_survival

_LARGEST_CHANGE_OF_VOLUME = 0.1


@dataclass(frozen=True)
class Scored:
    """A scored patient with the voxels that show the result.

    Args:
        patient: The numbers.
        image: The CT as it was scored, in nearest-LPS orientation.
        labels: Painted on `image`.
        labels_on_input: Painted on the lattice the CT was given on.
    """

    patient: ScoredPatient
    image: Volume
    labels: PaintedLabels
    labels_on_input: PaintedLabels


def score_patient(
    image: Volume,
    lesions: LesionSet,
    model: LesionModel,
    scorer: PatchScorer,
    *,
    organs: Sequence[LesionMask] = (),
    show_demonstration_numbers: bool = False,
) -> Scored:
    """Score every lesion of a patient and sum to the patient's risk.

    Args:
        image: A CT in Hounsfield units, any orientation.
        lesions: As read for this image; may be empty.
        model: Network and what its numbers are compared with.
        scorer: The model's encoder, ready to run.
        organs: Masks of organs; empty when not given.
        show_demonstration_numbers: Show percentiles and curves of a demonstration model on data that is no phantom.

    Raises:
        InputError: The image is not a CT.
    """
    prepared = prepare_ct(image)
    examined = examine_lesions(prepared, lesions.lesions, model.patch)
    risks, scales = _run(examined, model, scorer)
    hidden = model.used.demonstration and image.phantom is None and not show_demonstration_numbers
    on_input = paint(lesions.lesions, risks, image.geometry)
    rows = _rows(examined, risks, scales, model, prepared, organs, on_input, hidden=hidden)
    contributions = [row.contribution for row in rows if row.contribution is not None]
    risk = float(sum(contributions)) if contributions else None
    patient = ScoredPatient(
        lesions=tuple(rows),
        risk=risk,
        percentile=None if hidden or risk is None else percentile_among(risk, model.patient_percentiles),
        survival=None if hidden or risk is None else _survival(risk, model),
        watermark="DEMONSTRATION MODEL" if model.used.demonstration and not hidden else None,
        model=model.used,
        versions={**versions(), "engine": scorer.engine},
        warnings=tuple(_warnings(prepared, lesions, rows, model, hidden=hidden)),
    )
    labels = (
        on_input if prepared.geometry.is_close_to(image.geometry) else paint(lesions.lesions, risks, prepared.geometry)
    )
    return Scored(patient, prepared, labels, on_input)


def _run(
    examined: Sequence[ExaminedLesion], model: LesionModel, scorer: PatchScorer
) -> tuple[list[float | None], list[float | None]]:
    """r and s of each lesion, None where it has no patch."""
    patches = [lesion.patch for lesion in examined if lesion.patch is not None]
    raw = scorer(np.stack(patches)[:, None]) if patches else np.empty(0, np.float32)
    volumes = [lesion.lesion.volume_mm3 for lesion in examined if lesion.patch is not None]
    with torch.inference_mode():
        risks = iter(model.network.standardised(torch.from_numpy(raw)).tolist())
        scales = iter(model.network.scale(torch.tensor(volumes)).tolist() if volumes else [])
    scored = [lesion.patch is not None for lesion in examined]
    return [next(risks) if s else None for s in scored], [next(scales) if s else None for s in scored]


def _rows(
    examined: Sequence[ExaminedLesion],
    risks: Sequence[float | None],
    scales: Sequence[float | None],
    model: LesionModel,
    image: Volume,
    organs: Sequence[LesionMask],
    painted: PaintedLabels,
    *,
    hidden: bool,
) -> list[ScoredLesion]:
    find_organ = OrganFinder(organs, image.geometry) if organs else None
    order = sorted((n for n, r in enumerate(risks) if r is not None), key=lambda n: (-(risks[n] or 0.0), n))
    ranks = {n: position + 1 for position, n in enumerate(order)}
    rows = []
    for n, (lesion, risk, scale) in enumerate(zip(examined, risks, scales, strict=True)):
        percentile = None if risk is None else percentile_among(risk, model.lesion_percentiles)
        left, posterior, superior = lesion.lesion.centroid
        rows.append(
            ScoredLesion(
                label=lesion.lesion.label,
                name=lesion.lesion.name,
                organ=find_organ(lesion.placed) if find_organ else None,
                volume_mm3=lesion.lesion.volume_mm3,
                longest_diameter_mm=lesion.diameters.longest_mm,
                short_axis_mm=lesion.diameters.short_axis_mm,
                centroid_ras=(float(-left), float(-posterior), float(superior)),
                risk=risk,
                scale=scale,
                contribution=None if risk is None or scale is None else risk * scale,
                rank=ranks.get(n),
                percentile=None if hidden else percentile,
                colour=NOT_SCORED if percentile is None else colour_of_percentile(percentile),
                flags=tuple(_flags(lesion, model, painted)),
            )
        )
    return rows


def _flags(lesion: ExaminedLesion, model: LesionModel, painted: PaintedLabels) -> list[str]:
    flags = [f"not scored: {lesion.not_scored_because}"] if lesion.not_scored_because else []
    if looks_like_anatomy(lesion.lesion.name):
        flags.append("its name is that of an organ or landmark: is it a lesion?")
    flags += lesion.lesion.notes
    if lesion.placed.resampled:
        flags.append("drawn on another voxel grid than the image's: matched in patient space")
    if abs(lesion.placed.volume_ratio - 1.0) > _LARGEST_CHANGE_OF_VOLUME:
        flags.append(f"on the image's voxel grid its volume is {lesion.placed.volume_ratio:.0%} of its own")
    winner = painted.covered.get(lesion.lesion.label)
    if winner is not None:
        flags.append(f"overlaps lesion {winner}, which is painted over it")
    if lesion.square is not None and lesion.square.inside_fraction < 0.995:
        flags.append(f"{1 - lesion.square.inside_fraction:.0%} of its patch lies outside the image")
    low, high = model.training_ranges.get("lesion_volume_mm3", (0.0, np.inf))
    if not low <= lesion.lesion.volume_mm3 <= high:
        flags.append("volume outside the model's training range")
    return flags


def _warnings(
    image: Volume, lesions: LesionSet, rows: Sequence[ScoredLesion], model: LesionModel, *, hidden: bool
) -> list[str]:
    warnings = [*image.notes, *lesions.notes]
    if not rows:
        warnings.append("there is no lesion to score")
    anatomy = [row.name for row in rows if looks_like_anatomy(row.name)]
    if anatomy:
        warnings.append(
            f"{', '.join(anatomy)}: scored as lesions, but named like organs or landmarks (choose with --lesion-names)"
        )
    not_scored = sum(row.risk is None for row in rows)
    if not_scored and not_scored == len(rows):
        warnings.append("none of the lesions could be scored: there is no risk")
    elif not_scored:
        warnings.append(f"{not_scored} of {len(rows)} lesions were not scored and add nothing to the patient's risk")
    warnings += _outside_training(image.geometry, model)
    if model.used.demonstration:
        warnings.append("a demonstration model made these numbers")
    if model.unproven:
        warnings.append("the model was not shown to order patients: the interval of its C-index holds 0.5")
    if hidden:
        warnings.append(
            "percentiles and survival are not shown for a demonstration model on a patient's image; risks order the "
            "lesions and mean nothing more (--show-demonstration-numbers shows them, watermarked)"
        )
    return warnings


def _outside_training(geometry: Geometry, model: LesionModel) -> list[str]:
    measured = {"slice_thickness_mm": geometry.spacing[2], "pixel_spacing_mm": max(geometry.spacing[:2])}
    warnings = []
    for name, value in measured.items():
        low, high = model.training_ranges.get(name, (0.0, np.inf))
        if not low - 1e-3 <= value <= high + 1e-3:
            quantity = name.removesuffix("_mm").replace("_", " ")
            warnings.append(
                f"{quantity} {value:.2f} mm lies outside the model's training range, {low:.2f} to {high:.2f} mm"
            )
    return warnings


def _survival(risk: float, model: LesionModel) -> PredictedSurvival | None:
    return None if model.calibration is None else predicted_survival(risk, model.calibration)
