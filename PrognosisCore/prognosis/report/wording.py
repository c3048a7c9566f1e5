"""Words and choices that every picture and report of a patient shares."""

from prognosis.bundles.model_used import ModelUsed
from prognosis.lesions.results import ScoredLesion, ScoredPatient

RESEARCH_USE = "Research use only. Not for diagnosis or treatment."
DEMONSTRATION = "DEMONSTRATION MODEL"
NO_FINDING_OF_A_DEMONSTRATION = "It shows how the program works. Its numbers mean nothing for real patients."


def model_line(model: ModelUsed) -> str:
    """The model's name and version, marked when it is a demonstration."""
    line = f"model {model.name} {model.version}"
    return f"{line} · {DEMONSTRATION}" if model.demonstration else line


def by_rank(patient: ScoredPatient) -> list[ScoredLesion]:
    """The scored lesions, the highest risk first."""
    return sorted(
        (lesion for lesion in patient.lesions if lesion.rank is not None), key=lambda lesion: lesion.rank or 0
    )


def not_scored(patient: ScoredPatient) -> list[ScoredLesion]:
    """The lesions without a risk, in input order."""
    return [lesion for lesion in patient.lesions if lesion.rank is None]


def shows_percentiles(patient: ScoredPatient) -> bool:
    """Whether any lesion's percentile may be shown; otherwise colours tell order only."""
    return any(lesion.percentile is not None for lesion in patient.lesions)
