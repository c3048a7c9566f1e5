"""What scoring one patient yields. Files, reports and Slicer's scene are all drawn from these."""

from collections.abc import Mapping
from dataclasses import dataclass

from prognosis.bundles.model_used import ModelUsed
from prognosis.survival.predicted_survival import PredictedSurvival


@dataclass(frozen=True)
class ScoredLesion:
    """One row of `lesions.csv`.

    Args:
        label: Integer id in input order; its value in `risk_labels.nrrd`.
        name: Name in the segmentation.
        organ: Organ group the lesion lies in, None when no organs were given.
        volume_mm3: Volume of the lesion's own mask.
        longest_diameter_mm: Longest in-plane diameter over the axial slices.
        short_axis_mm: Extent perpendicular to it on the same slice.
        centroid_ras: Centre of mass, mm, in Slicer's RAS coordinates.
        risk: r, the network's output in SDs over training lesions; a lesion of risk zero adds nothing; None when not
            scored.
        scale: s > 0, mean 1 over training lesions; None when not scored.
        contribution: r * s; None when not scored.
        rank: 1 for the highest risk; None when not scored.
        percentile: Of r among training lesions, 0 to 100; None when not scored or not to be shown.
        colour: RGB, each 0 to 255: the percentile among training lesions from blue to red, grey when not scored.
        flags: What the reader should know of this lesion, in words ('not scored: ...' when it has no risk).
    """

    label: int
    name: str
    organ: str | None
    volume_mm3: float
    longest_diameter_mm: float
    short_axis_mm: float
    centroid_ras: tuple[float, float, float]
    risk: float | None
    scale: float | None
    contribution: float | None
    rank: int | None
    percentile: float | None
    colour: tuple[int, int, int]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScoredPatient:
    """Everything `prognosis lesions score` writes for one patient.

    Args:
        lesions: In input order.
        risk: Sum of the contributions; None when no lesion was scored.
        percentile: Among out-of-fold patients; None when not to be shown.
        survival: None when not to be shown or not known.
        watermark: Text to print across figures of demonstration numbers; None when none is needed.
        model: Which model made the numbers.
        versions: Program and library versions.
        warnings: What the reader should know of this patient's result, in words.
    """

    lesions: tuple[ScoredLesion, ...]
    risk: float | None
    percentile: float | None
    survival: PredictedSurvival | None
    watermark: str | None
    model: ModelUsed
    versions: Mapping[str, str]
    warnings: tuple[str, ...] = ()
