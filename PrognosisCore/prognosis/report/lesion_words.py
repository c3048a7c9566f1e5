"""The sentences and table cells of a patient's report."""

from dataclasses import dataclass

from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.report.wording import by_rank, not_scored, shows_percentiles

_NONE = "–"


@dataclass(frozen=True)
class LesionRow:
    """One lesion as the reader sees it, all cells as text."""

    rank: str
    colour: str
    label: str
    name: str
    organ: str
    volume: str
    diameters: str
    centroid: str
    risk: str
    scale: str
    contribution: str
    percentile: str
    flags: tuple[str, ...]
    scored: bool


def lesion_rows(patient: ScoredPatient) -> list[LesionRow]:
    """All lesions: scored ones by rank, then those that were not scored."""
    return [_row(lesion) for lesion in (*by_rank(patient), *not_scored(patient))]


def _row(lesion: ScoredLesion) -> LesionRow:
    return LesionRow(
        rank=_NONE if lesion.rank is None else str(lesion.rank),
        colour="#{:02x}{:02x}{:02x}".format(*lesion.colour),
        label=str(lesion.label),
        name=lesion.name,
        organ=lesion.organ or _NONE,
        volume=f"{lesion.volume_mm3:,.0f}".replace(",", "\u202f"),
        diameters=f"{lesion.longest_diameter_mm:.1f} × {lesion.short_axis_mm:.1f}",
        centroid=_centroid(lesion.centroid_ras),
        risk=_number(lesion.risk),
        scale=_number(lesion.scale),
        contribution=_number(lesion.contribution),
        percentile=_NONE if lesion.percentile is None else f"{lesion.percentile:.0f}",
        flags=lesion.flags,
        scored=lesion.rank is not None,
    )


def _centroid(ras: tuple[float, float, float]) -> str:
    pairs = zip(ras, ("RL", "AP", "SI"), strict=True)
    return ", ".join(f"{ends[mm < 0]}\u00a0{abs(mm):.0f}" for mm, ends in pairs)


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"


def headline(patient: ScoredPatient) -> str:
    """The patient's risk in one line."""
    if patient.risk is None:
        return "No patient risk: no lesion was scored" if patient.lesions else "No patient risk: no lesion was found"
    start = f"Patient risk {patient.risk:.2f}"
    if patient.percentile is None:
        return f"{start} — for ranking only"
    return f"{start} — higher than {_share(patient.percentile)} of patients the model was calibrated on"


def _share(percentile: float) -> str:
    if percentile < 1:
        return "fewer than 1 %"
    return "more than 99 %" if percentile > 99 else f"{percentile:.0f} %"


def explanation(patient: ScoredPatient) -> str:
    """What the headline's number means, and what it does not."""
    if patient.risk is None:
        return "A patient's risk is the sum over scored lesions; there is none to add up."
    scored = len(by_rank(patient))
    lesions = "1 lesion" if scored == 1 else f"{scored} lesions"
    text = f"The sum of the contributions of {lesions}; higher means shorter expected survival."
    if patient.percentile is None:
        text += " It orders patients scored with this model and says nothing about how long one of them will live."
    return text


def percentile_note(patient: ScoredPatient) -> str:
    """Why the table shows no percentiles; empty where it does, or where nothing was scored."""
    if shows_percentiles(patient) or not by_rank(patient):
        return ""
    reason = " of a demonstration model" if patient.model.demonstration else ""
    return f"Percentiles{reason} are not shown: colours and ranks tell order only."


def survival_rows(patient: ScoredPatient) -> list[tuple[str, str]]:
    """The horizon and the predicted survival at it; empty without a curve."""
    if patient.survival is None:
        return []
    return [
        (f"{year} year" if year == 1 else f"{year} years", _survival_at(share))
        for year, share in sorted(patient.survival.at_years.items())
    ]


def _survival_at(share: float | None) -> str:
    return "beyond the training follow-up" if share is None else f"{100 * share:.0f} %"


def why_no_survival(patient: ScoredPatient) -> str:
    """Why a report has no survival curve."""
    if patient.risk is None:
        return "No survival is predicted, because no lesion was scored."
    if patient.model.demonstration:
        return "No survival is shown: this is a demonstration model, and on patients' images it tells order only."
    return "No survival is shown: this model holds no calibrated baseline for this patient."
