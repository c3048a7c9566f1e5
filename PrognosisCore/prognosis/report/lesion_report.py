"""The report of one scored patient: a single HTML file that needs nothing else."""

from collections.abc import Mapping

from prognosis.lesions.results import ScoredPatient
from prognosis.report.html_pages import embedded_png, page_template
from prognosis.report.lesion_words import (
    explanation,
    headline,
    lesion_rows,
    percentile_note,
    survival_rows,
    why_no_survival,
)
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE


def render_lesion_report(
    patient: ScoredPatient,
    *,
    overlay_png: bytes,
    survival_png: bytes | None,
    inputs: Mapping[str, str],
    created: str,
) -> str:
    """Render the report as HTML that loads nothing from elsewhere and runs no script.

    Args:
        patient: What scoring yielded.
        overlay_png: The picture of `draw_overlay`.
        survival_png: The picture of `draw_survival`; None without a curve.
        inputs: What was scored and how, name -> text.
        created: When the result was made.
    """
    return page_template("lesion_report.html").render(
        patient=patient,
        model=patient.model,
        research_use=RESEARCH_USE,
        demonstration=DEMONSTRATION,
        headline=headline(patient),
        explanation=explanation(patient),
        rows=lesion_rows(patient),
        percentile_note=percentile_note(patient),
        survival_rows=survival_rows(patient),
        why_no_survival=why_no_survival(patient),
        overlay=embedded_png(overlay_png),
        survival_picture=embedded_png(survival_png)
        if survival_png is not None and patient.survival is not None
        else None,
        inputs=inputs,
        created=created,
    )
